#include "mcp/agents/teams_swarm.hpp"
#include "teams/hand_off.hpp"

#include <algorithm>

namespace mcp {
namespace {

using swarm_change = update<team_state>;

constexpr const char* none_left = "no hand-offs are left: answer yourself, with what there is.";

bool knows(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

auto begin_node(std::vector<std::string> names, std::string first) {
  return [names = std::move(names), first = std::move(first)](const team_state& s) {
    // A stored conversation may be with someone who has left the team.
    const auto& active = knows(names, s.active_agent) ? s.active_agent : first;
    return command<team_state>{
        swarm_change{}.set(&team_state::hand_offs, 0).set(&team_state::active_agent, active)}
        .go_to(active);
  };
}

auto hand_off_node(const swarm_options& options) {
  return
      [rules = teams::hand_off_rules{teams::names_of(options.members), options.hand_off_messages},
       most = options.max_hand_offs, sorry = options.out_of_hand_offs](const team_state& s) {
        const bool none = s.hand_offs >= most;
        auto made = teams::decide_hand_off(s.messages.back(), rules, none ? none_left : "");
        const bool warned = s.hand_offs > most;
        if (warned) {
          auto answer = assistant_message(sorry);
          answer.name = s.active_agent;
          made.changes.push_back(std::move(answer));
        }
        const auto to = made.to.empty() ? s.active_agent : made.to;
        swarm_change what;
        what.set(&team_state::messages, std::move(made.changes))
            .set(&team_state::hand_offs, s.hand_offs + 1)
            .set(&team_state::active_agent, to);
        return command<team_state>{std::move(what)}.go_to(warned ? std::string{end} : to);
      };
}

void add_members(graph<team_state>& made, const swarm_options& options) {
  for (const auto& one : options.members) {
    detail::member_setting how{
        .output = options.output, .may_hand_off = true, .options = options.member_options};
    for (const auto& other : options.members) {
      if (other.name() != one.name()) {
        how.hand_offs.push_back(teams::transfer_description(other));
      }
    }
    one.add_to(made, how);
    made.router(one.name(),
                [name = one.name()](const team_state& s) {
                  // Else a member's command has given the conversation to another one.
                  if (s.active_agent != name) return routes{};
                  return teams::asks_for_transfer(s.messages) ? routes{"hand_off"} : routes{end};
                },
                {"hand_off", end});
  }
}

}  // namespace

graph<team_state> swarm_team(std::string name, swarm_options options) {
  teams::check_members(options.members, {"begin", "hand_off"});
  const auto names = teams::names_of(options.members);
  if (options.default_active_agent.empty()) options.default_active_agent = names.front();
  if (!knows(names, options.default_active_agent)) {
    throw error{errc::invalid_argument, "the default_active_agent \"" +
                                            options.default_active_agent +
                                            "\" of a swarm is none of its members"};
  }
  if (options.max_hand_offs < 1) {
    throw error{errc::invalid_argument, "max_hand_offs of a swarm is at least 1"};
  }
  graph<team_state> made{std::move(name)};
  made.node("begin", begin_node(names, options.default_active_agent), {.destinations = names});
  made.entry_point("begin");
  auto destinations = names;
  destinations.emplace_back(end);
  made.node("hand_off", hand_off_node(options), {.destinations = std::move(destinations)});
  add_members(made, options);
  return made;
}

}  // namespace mcp
