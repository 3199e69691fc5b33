#include "mcp/agents/anthropic.hpp"

#include "providers/anthropic_wire.hpp"
#include "providers/http_model.hpp"

#include <utility>

namespace mcp::providers {

std::shared_ptr<chat_model> anthropic_model(anthropic_options options, io::http_client& client) {
  auto& endpoint = options.endpoint;
  if (endpoint.base_url.empty()) endpoint.base_url = "https://api.anthropic.com/v1";
  const auto place = place_of_base(endpoint);
  const bool own = place.host == "api.anthropic.com";
  auto key = read_key(endpoint, own ? "ANTHROPIC_API_KEY" : "", place.is_loopback());
  auto wire = anthropic_wire({.model = std::move(options.model),
                              .max_tokens = options.max_tokens,
                              .version = std::move(options.version)});
  return http_model(std::move(wire), std::move(endpoint), std::move(key), client);
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> anthropic_model(anthropic_options options) {
  return providers::anthropic_model(std::move(options), io::http_client::shared());
}

}  // namespace mcp
