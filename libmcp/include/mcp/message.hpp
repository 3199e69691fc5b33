#pragma once

#include "mcp/codec.hpp"

#include <string>
#include <vector>

namespace mcp {

/// A call of a tool that a model asks for.
struct tool_call {
  std::string id{};
  std::string name{};
  std::string arguments{};  ///< JSON text

  friend bool operator==(const tool_call&, const tool_call&) = default;
};
MCP_STRUCT(tool_call, id, name, (arguments, mcp::doc("JSON text")))

/// One message of a conversation. Messages with the same id replace one another under the
/// `mcp::add_messages` reducer; messages without an id get one there.
struct message {
  std::string id{};
  std::string role{};  ///< "user", "assistant", "system" or "tool"
  std::string content{};
  std::vector<tool_call> tool_calls{};
  std::string tool_call_id{};  ///< which call a "tool" message answers
  std::string name{};          ///< who speaks: a tool or an agent

  friend bool operator==(const message&, const message&) = default;
};
MCP_STRUCT(message, id, role, content, tool_calls, tool_call_id, name)

/// Written through the `add_messages` reducer, removes the message with this id; an unknown id is
/// an error.
[[nodiscard]] inline message remove_message(std::string id) {
  return {.id = std::move(id), .role = "__remove__"};
}
/// Removes everything before it; what follows in the same write is kept.
[[nodiscard]] inline message remove_all_messages() {
  return remove_message("__remove_all__");
}

[[nodiscard]] inline message user_message(std::string content) {
  return {.role = "user", .content = std::move(content)};
}
[[nodiscard]] inline message assistant_message(std::string content) {
  return {.role = "assistant", .content = std::move(content)};
}

}  // namespace mcp
