#include "mcp/agents/openai.hpp"

#include "providers/http_model.hpp"
#include "providers/openai_wire.hpp"

#include <utility>

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

std::shared_ptr<chat_model> openai_model(openai_options options, io::http_client& client) {
  auto& endpoint = options.endpoint;
  if (endpoint.base_url.empty()) endpoint.base_url = "https://api.openai.com/v1";
  const auto place = place_of_base(endpoint);
  const auto dialect =
      options.dialect == openai_dialect::automatic ? dialect_of(place.host) : options.dialect;
  auto key = read_key(endpoint, variable_of(place.host), place.is_loopback());
  auto wire = openai_wire({.model = std::move(options.model),
                           .dialect = dialect,
                           .strict_output = options.strict_output});
  return http_model(std::move(wire), std::move(endpoint), std::move(key), client);
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> openai_model(openai_options options) {
  return providers::openai_model(std::move(options), io::http_client::shared());
}

}  // namespace mcp
