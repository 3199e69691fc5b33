#include "providers/openai_place.hpp"

namespace mcp::providers {
namespace {

openai_dialect dialect_of(const std::string& host) {
  if (host == "api.openai.com") return openai_dialect::openai;
  return host == "api.mistral.ai" ? openai_dialect::mistral : openai_dialect::compatible;
}

std::string variable_of(const std::string& host) {
  if (host == "api.openai.com") return "OPENAI_API_KEY";
  return host == "api.mistral.ai" ? "MISTRAL_API_KEY" : "";
}

}  // namespace

openai_place openai_place_of(model_endpoint& endpoint, openai_dialect wanted) {
  if (endpoint.base_url.empty()) endpoint.base_url = "https://api.openai.com/v1";
  const auto place = place_of_base(endpoint);
  return {.dialect = wanted == openai_dialect::automatic ? dialect_of(place.host) : wanted,
          .key = read_key(endpoint, variable_of(place.host), place.is_loopback())};
}

std::string openai_name(openai_dialect dialect, const std::string& model) {
  if (dialect == openai_dialect::mistral) return "mistral/" + model;
  return (dialect == openai_dialect::openai ? "openai/" : "openai-compatible/") + model;
}

}  // namespace mcp::providers
