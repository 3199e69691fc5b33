#pragma once

#include "mcp/agents/teams_member.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mcp {

struct supervisor_options {
  std::shared_ptr<chat_model> model{};  ///< calls transfer_to_NAME, tools, or answers
  std::vector<team_member> members{};   ///< 1 to `max_members`
  std::string system =
      "You lead a team. Hand the conversation to the member who can do what is to be done next. "
      "Answer yourself when nothing is left to do.";
  tool_set tools{};             ///< of the supervisor's own
  model_node_options asking{};  ///< how else to ask; its system, tools and speaker are filled in
  output_mode output = output_mode::last_message;  ///< what is kept of a member's turn
  bool hand_off_messages = true;          ///< the calls of transfers stay in the conversation
  bool hand_back_messages = true;         ///< a call and its answer tell that a member is back
  std::int64_t max_hand_offs = 16;        ///< of one run; at least 1
  std::string supervisor = "supervisor";  ///< name of its node, and of the speaker
  node_options member_options{};          ///< of the members' nodes
  /// What the supervisor "says" when it has no hand-offs left and answers without a text.
  std::string out_of_hand_offs = "Sorry, no hand-offs are left to answer this.";
  /// What it "says" in place of calls for which no supersteps are left.
  std::string out_of_steps = tool_loop_options{}.out_of_steps;
};

/// A model that hands the conversation to members, who come back with their answers, until it
/// answers itself: nodes "begin", the supervisor, "hand_off", "tools" and the
/// members. When `max_hand_offs` are used up it is asked to answer with what there is; see
/// docs/teams.md. Throws `invalid_argument` for a null model, bad or double names, a limit below 1.
[[nodiscard]] MCP_AGENTS_EXPORT graph<team_state> supervisor_team(std::string name,
                                                                  supervisor_options options);

}  // namespace mcp
