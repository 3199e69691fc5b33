#include "mcp/agents/model_policies.hpp"

namespace mcp {

std::int64_t estimated_tokens(std::string_view text) noexcept {
  return static_cast<std::int64_t>((text.size() + 2) / 3);
}

namespace {
constexpr std::int64_t per_message = 8;  // role, separators
}

std::int64_t estimated_tokens(const message& said) noexcept {
  auto total = per_message + estimated_tokens(said.content) + estimated_tokens(said.name);
  for (const auto& call : said.tool_calls) {
    total += per_message + estimated_tokens(call.name) + estimated_tokens(call.arguments);
  }
  return total;
}

std::int64_t estimated_tokens(const chat_request& request) noexcept {
  constexpr std::int64_t per_request = 8;
  auto total = per_request + estimated_tokens(request.output_schema);
  for (const auto& one : request.messages) total += estimated_tokens(one);
  for (const auto& tool : request.tools) {
    total += per_message + estimated_tokens(tool.name) + estimated_tokens(tool.description) +
           estimated_tokens(tool.parameters);
  }
  return total;
}

}  // namespace mcp
