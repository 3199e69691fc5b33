#include "mcp/agents/teams_member.hpp"
#include "teams/hand_off.hpp"
#include "teams/team_parts.hpp"

#include <string_view>
#include <unordered_map>

namespace mcp {
namespace {

/// What a turn added or changed.
std::vector<message> added(const std::vector<message>& before, const std::vector<message>& after) {
  std::unordered_map<std::string_view, const message*> known;
  for (const auto& one : before) known.emplace(one.id, &one);
  std::vector<message> fresh;
  for (const auto& one : after) {
    const auto old = one.id.empty() ? known.end() : known.find(one.id);
    if (old == known.end() || *old->second != one) fresh.push_back(one);
  }
  return fresh;
}

void keep_last_answer(std::vector<message>& said) {
  while (!said.empty() && said.back().role != "assistant") said.pop_back();
  if (said.size() > 1) said.erase(said.begin(), said.end() - 1);
}

/// Calls that nobody will answer would make the conversation one that no provider takes.
void drop_open_calls(std::vector<message>& said, bool may_hand_off) {
  if (said.empty() || said.back().role != "assistant") return;
  if (may_hand_off && teams::has_transfer(said.back())) return;
  said.back().tool_calls.clear();
}

/// Only ids of tasks differ between members that work side by side.
void make_ids_differ(std::vector<message>& said, const std::string& name) {
  constexpr std::size_t task_id_digits = 32;
  for (auto& one : said) {
    if (!one.id.empty() && one.id.size() != task_id_digits) one.id = name + "-" + one.id;
  }
}

void add_return(std::vector<message>& said, const std::string& from, const std::string& to,
                std::size_t length) {
  const auto& last = said.empty() ? std::string{} : said.back().id;
  tool_call back{.id = "back_" + (last.empty() ? std::to_string(length) : last),
                 .name = "transfer_back_to_" + to,
                 .arguments = "{}"};
  message answer{.role = "tool",
                 .content = "Successfully transferred back to " + to,
                 .tool_call_id = back.id,
                 .name = back.name};
  said.push_back({.role = "assistant",
                  .content = "Transferring back to " + to,
                  .tool_calls = {std::move(back)},
                  .name = from});
  said.push_back(std::move(answer));
}

}  // namespace

namespace detail {

update<team_state> member_return(const std::string& name, const std::vector<message>& before,
                                 const std::vector<message>& after, const member_setting& how) {
  auto said = added(before, after);
  if (how.output == output_mode::last_message) keep_last_answer(said);
  drop_open_calls(said, how.may_hand_off);
  for (auto& one : said) {
    if (one.role == "assistant" && one.name.empty()) one.name = name;
  }
  if (how.side_by_side) make_ids_differ(said, name);
  if (!how.back_to.empty()) add_return(said, name, how.back_to, after.size());
  if (said.empty()) return {};
  return update<team_state>{}.set(&team_state::messages, std::move(said));
}

}  // namespace detail

graph<chat_state> agent_graph(std::string name, model_agent options,
                              std::vector<tool_description> hand_offs) {
  auto asking = std::move(options.asking);
  asking.system = std::move(options.system);
  if (asking.speaker.empty()) asking.speaker = name;
  teams::let_go_on(asking);
  asking.tools_now = [tools = options.tools, hand_offs = std::move(hand_offs)] {
    auto all = tools.descriptions();
    all.insert(all.end(), hand_offs.begin(), hand_offs.end());
    return all;
  };
  const auto messages = &chat_state::messages;
  graph<chat_state> made{std::move(name)};
  made.node("llm", detail::watch_last_step(
                       model_node(std::move(options.model), messages, std::move(asking)), messages,
                       tool_loop_options{}.out_of_steps));
  made.node("tools", tool_node(std::move(options.tools), messages));
  made.entry_point("llm").edge("tools", "llm");
  made.router("llm",
              [calls = tools_router(messages, "tools")](const chat_state& s) {
                return teams::asks_for_transfer(s.messages) ? routes{end} : calls(s);
              },
              {"tools", end});
  return made;
}

team_member::team_member(std::string name, std::string description, model_agent agent)
    : name_(std::move(name)), description_(std::move(description)) {
  if (!agent.model) {
    throw error{errc::invalid_argument, "the member \"" + name_ + "\" needs a model"};
  }
  add_ = [agent = std::move(agent)](graph<team_state>& team, const std::string& as,
                                    const detail::member_setting& how) {
    adder(agent_graph(as, agent, how.hand_offs))(team, as, how);
  };
}

command<team_state> hand_off_command(std::vector<message> said, std::string to) {
  update<team_state> change;
  change.set(&team_state::active_agent, to);
  if (!said.empty()) change.set(&team_state::messages, std::move(said));
  return command<team_state>{std::move(change)}.to_parent().go_to(std::move(to));
}

}  // namespace mcp
