#include "mcp/agents/teams_supervisor.hpp"
#include "teams/hand_off.hpp"
#include "teams/team_parts.hpp"

namespace mcp {
namespace {

using supervisor_change = update<team_state>;
using shared_asking = std::shared_ptr<const model_node_options>;

/// Supersteps that a hand-off needs: the supervisor's, its own, the member's, the supervisor's.
constexpr std::int64_t steps_of_a_hand_off = 4;

supervisor_change begin_supervising(const team_state&) {
  return supervisor_change{}.set(&team_state::hand_offs, 0).set(&team_state::active_agent, {});
}

shared_asking questions(const supervisor_options& options, bool last) {
  auto how = options.asking;
  how.system = options.system;
  if (how.speaker.empty()) how.speaker = options.supervisor;
  teams::let_go_on(how);
  std::vector<tool_description> transfers;
  for (const auto& one : options.members) transfers.push_back(teams::transfer_description(one));
  how.tools_now = [tools = options.tools, transfers = std::move(transfers)] {
    auto all = transfers;
    for (auto& own : tools.descriptions()) all.push_back(std::move(own));
    return all;
  };
  if (last) {
    how.system += "\nNo hand-offs are left: answer now, with what there is.";
    how.request.tool_choice = tool_choice::none;
  }
  return std::make_shared<const model_node_options>(std::move(how));
}

/// What is kept of the supervisor's answer.
void limit_calls(message& said, bool last, std::int64_t remaining_steps,
                 const supervisor_options& options) {
  if (said.tool_calls.empty()) {
    if (last && said.content.empty()) said.content = options.out_of_hand_offs;
    return;
  }
  const auto needed = teams::has_transfer(said) ? steps_of_a_hand_off : detail::steps_of_a_round;
  if (!last && remaining_steps >= needed) return;
  if (last && said.content.empty()) said.content = options.out_of_hand_offs;
  if (!last) said.content = options.out_of_steps;
  said.tool_calls.clear();
}

auto supervisor_node(std::shared_ptr<const supervisor_options> options) {
  return [options, first = questions(*options, false), last = questions(*options, true)](
             const team_state& s, context& ctx, reply<team_state> out) {
    const bool over = s.hand_offs >= options->max_hand_offs;
    ask_model(options->model, over ? last : first, s.messages, ctx,
              [out, over, options](model_reply what) {
                if (what.error) return out.fail(std::move(*what.error));
                auto& said = what.answer->reply;
                limit_calls(said, over, out.context().remaining_steps(), *options);
                out.done(supervisor_change{}.append(&team_state::messages, std::move(said)));
              });
  };
}

auto hand_off_node(const supervisor_options& options) {
  return
      [rules = teams::hand_off_rules{teams::names_of(options.members), options.hand_off_messages},
       supervisor = options.supervisor](const team_state& s) {
        auto made = teams::decide_hand_off(s.messages.back(), rules, {});
        supervisor_change what;
        what.set(&team_state::messages, std::move(made.changes))
            .set(&team_state::hand_offs, s.hand_offs + 1)
            .set(&team_state::active_agent, made.to);
        return command<team_state>{std::move(what)}.go_to(made.to.empty() ? supervisor : made.to);
      };
}

void check(const supervisor_options& options) {
  teams::require_models({options.model});
  teams::check_members(options.members, {options.supervisor, "begin", "hand_off", "tools"});
  if (options.max_hand_offs < 1) {
    throw error{errc::invalid_argument, "max_hand_offs of a supervisor is at least 1"};
  }
}

void add_members(graph<team_state>& made, const supervisor_options& options) {
  detail::member_setting how{.output = options.output, .options = options.member_options};
  if (options.hand_back_messages) how.back_to = options.supervisor;
  for (const auto& one : options.members) {
    one.add_to(made, how);
    made.router(one.name(),
                [name = one.name(), supervisor = options.supervisor](const team_state& s) {
                  // Else a member's command has given the conversation to another one.
                  return s.active_agent == name ? routes{supervisor} : routes{};
                },
                {options.supervisor});
  }
}

}  // namespace

graph<team_state> supervisor_team(std::string name, supervisor_options given) {
  check(given);
  const auto options = std::make_shared<const supervisor_options>(std::move(given));
  const auto& lead = options->supervisor;
  graph<team_state> made{std::move(name)};
  made.node("begin", begin_supervising).entry_point("begin").edge("begin", lead);
  made.node(lead, supervisor_node(options));
  auto destinations = teams::names_of(options->members);
  destinations.push_back(lead);
  made.node("hand_off", hand_off_node(*options), {.destinations = std::move(destinations)});
  // Also without tools: they may be added later, and models call what is not there.
  made.node("tools", tool_node(options->tools, &team_state::messages)).edge("tools", lead);
  made.router(lead,
              [calls = tools_router(&team_state::messages, "tools")](const team_state& s) {
                return teams::asks_for_transfer(s.messages) ? routes{"hand_off"} : calls(s);
              },
              {"hand_off", "tools", end});
  add_members(made, *options);
  return made;
}

}  // namespace mcp
