#pragma once

#include "mcp/agents/teams_member.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Hand-offs, decided: which call of a message counts, and what its calls are answered with.
namespace mcp::teams {

/// The tool that hands the conversation to `name`.
[[nodiscard]] std::string transfer_tool(std::string_view name);
[[nodiscard]] tool_description transfer_description(const team_member& to);
/// Whether the last message is a model's with a call of a transfer tool.
[[nodiscard]] bool asks_for_transfer(const std::vector<message>& messages);
[[nodiscard]] bool has_transfer(const message& said);

/// Who may be handed the conversation, and whether it may be handed on at all.
struct hand_off_rules {
  std::vector<std::string> names{};
  bool keep_trace = true;  ///< the calls of a successful hand-off stay in the conversation
};

struct hand_off {
  std::string to{};                ///< empty: refused
  std::vector<message> changes{};  ///< for the reducer `add_messages`
};

/// What follows from the calls of `asking`, of which one is a transfer. `refused`: why none may be
/// made; empty: it may.
[[nodiscard]] hand_off decide_hand_off(const message& asking, const hand_off_rules& rules,
                                       const std::string& refused);

/// Throws `invalid_argument` for names that are no names of members, are there twice, are one of
/// `taken`, or are none or too many.
void check_members(const std::vector<team_member>& members, const std::vector<std::string>& taken);

[[nodiscard]] std::vector<std::string> names_of(const std::vector<team_member>& members);

}  // namespace mcp::teams
