#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/agents/tool_loop.hpp"
#include "mcp/agents/tool_set.hpp"
#include "mcp/graph.hpp"
#include "mcp/reducers.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Members of supervisors, swarms and routers; docs/teams.md.
namespace mcp {

/// What these teams work on: a conversation, and who has it.
struct team_state {
  std::vector<message> messages{};
  std::string active_agent{};         ///< the member that has, or had last, the conversation
  std::int64_t hand_offs = 0;         ///< of this run
  std::vector<std::string> chosen{};  ///< a router's choice

  friend bool operator==(const team_state&, const team_state&) = default;
};
MCP_STATE(team_state, (messages, add_messages), active_agent, hand_offs, chosen)

/// What a team keeps of a member's turn.
enum class output_mode : std::uint8_t { last_message, full_history };
MCP_ENUM(output_mode, last_message, full_history)

/// Before the name of a member: the tool with which a model hands the conversation to it.
inline constexpr std::string_view transfer_prefix = "transfer_to_";
inline constexpr std::size_t max_member_name = 50;  ///< bytes
inline constexpr std::size_t max_members = 64;      ///< of one team

/// A member as data: a model with a system prompt and tools.
struct model_agent {
  std::shared_ptr<chat_model> model{};
  std::string system{};
  tool_set tools{};
  model_node_options asking{};  ///< how else to ask; its system, tools and speaker are filled in
};

/// A model and its tools in turns (nodes "llm" and "tools"), until it answers without a call or
/// with a call of one of `hand_offs`, which is left for the graph around it. Throws
/// `invalid_argument` without a model.
[[nodiscard]] MCP_AGENTS_EXPORT graph<chat_state> agent_graph(
    std::string name, model_agent options, std::vector<tool_description> hand_offs = {});

/// A command for the team, from a node of a member: `to` gets the conversation at once. `said` is
/// added to the team's messages; nothing else of the member's turn is.
[[nodiscard]] MCP_AGENTS_EXPORT command<team_state> hand_off_command(std::vector<message> said,
                                                                     std::string to);

namespace detail {

/// How a team takes its members in.
struct member_setting {
  output_mode output = output_mode::last_message;
  bool may_hand_off = false;  ///< by ending with a call of a transfer tool
  bool side_by_side = false;  ///< with other members over the same conversation
  std::string back_to{};      ///< who is told that the member is back; empty: nobody
  std::vector<tool_description> hand_offs{};  ///< tools for members that are data
  node_options options{};
};

/// What a member's turn changes in the team.
[[nodiscard]] MCP_AGENTS_EXPORT update<team_state> member_return(const std::string& name,
                                                                 const std::vector<message>& before,
                                                                 const std::vector<message>& after,
                                                                 const member_setting& how);

template <class Child>
concept conversing = described<Child> && requires(Child child) {
  { child.messages } -> std::same_as<std::vector<message>&>;
};

template <class T>
constexpr bool is_graph = false;
template <class State>
constexpr bool is_graph<graph<State>> = true;

}  // namespace detail

/// A member of a team: who it is, and its work, which is `model_agent`, a graph over a state with
/// the field `messages`, or a node function over `chat_state`. A value type.
class team_member {
 public:
  MCP_AGENTS_EXPORT team_member(std::string name, std::string description, model_agent agent);

  template <class Work>
  requires(!std::same_as<std::remove_cvref_t<Work>, model_agent>)
      team_member(std::string name, std::string description, Work work)
      : name_(std::move(name)), description_(std::move(description)) {
    if constexpr (detail::is_graph<Work>) {
      static_assert(detail::conversing<typename Work::state>,
                    "the graph of a team's member needs the field std::vector<message> messages");
      add_ = adder(std::move(work));
    } else {
      graph<chat_state> made{name_};
      made.node(name_, std::move(work)).entry_point(name_);
      add_ = adder(std::move(made));
    }
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& description() const noexcept { return description_; }
  /// For the teams: makes the member a node of `team`.
  void add_to(graph<team_state>& team, const detail::member_setting& how) const {
    add_(team, name_, how);
  }

 private:
  using add_function =
      std::function<void(graph<team_state>&, const std::string&, const detail::member_setting&)>;

  template <class Child>
  static add_function adder(graph<Child> work) {
    return [work = std::move(work)](graph<team_state>& team, const std::string& name,
                                    const detail::member_setting& how) {
      const auto enter = [](const team_state& s) {
        Child child;
        child.messages = s.messages;
        return child;
      };
      const auto leave = [name, how](const Child& before, const Child& after) {
        return detail::member_return(name, before.messages, after.messages, how);
      };
      team.node(name, subgraph(work, enter, leave), how.options);
    };
  }

  std::string name_;
  std::string description_;
  add_function add_;
};

}  // namespace mcp
