#pragma once

#include "mcp/agents/teams_member.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mcp {

struct swarm_options {
  std::vector<team_member> members{};  ///< 1 to `max_members`
  std::string default_active_agent{};  ///< who begins a conversation; empty: the first member
  output_mode output = output_mode::full_history;  ///< what is kept of a member's turn
  bool hand_off_messages = true;    ///< the calls of transfers stay in the conversation
  std::int64_t max_hand_offs = 16;  ///< of one run; at least 1
  node_options member_options{};    ///< of the members' nodes
  /// The answer when a member hands off although it was told that no hand-offs are left.
  std::string out_of_hand_offs = "Sorry, no hand-offs are left to answer this.";
};

/// Members who hand the conversation to each other; the one who answers without handing it on ends
/// the run. Nodes "begin", "hand_off" and the members. A thread's next run begins with the member
/// who had it last (`team_state::active_agent`). Throws `invalid_argument` for bad or double names,
/// an unknown default, a limit below 1.
[[nodiscard]] MCP_AGENTS_EXPORT graph<team_state> swarm_team(std::string name,
                                                             swarm_options options);

}  // namespace mcp
