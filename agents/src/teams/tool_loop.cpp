#include "mcp/agents/tool_loop.hpp"

namespace mcp::detail {

void give_up_in_time(std::vector<message>& messages, std::int64_t remaining_steps,
                     const std::string& text) {
  if (remaining_steps >= steps_of_a_round || messages.empty()) return;
  auto& last = messages.back();
  if (last.role != "assistant" || last.tool_calls.empty()) return;
  last.content = text;
  last.tool_calls.clear();
}

}  // namespace mcp::detail
