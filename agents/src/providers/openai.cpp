#include "mcp/agents/openai.hpp"

#include "providers/http_model.hpp"
#include "providers/openai_place.hpp"
#include "providers/openai_wire.hpp"

#include <utility>

namespace mcp::providers {

std::shared_ptr<chat_model> openai_model(openai_options options, io::http_client& client) {
  auto place = openai_place_of(options.endpoint, options.dialect);
  auto wire = openai_wire({.model = std::move(options.model),
                           .dialect = place.dialect,
                           .strict_output = options.strict_output});
  return http_model(std::move(wire), std::move(options.endpoint), std::move(place.key), client);
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> openai_model(openai_options options) {
  return providers::openai_model(std::move(options), io::http_client::shared());
}

}  // namespace mcp
