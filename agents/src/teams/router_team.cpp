#include "mcp/agents/teams_decision.hpp"
#include "mcp/agents/teams_router.hpp"
#include "mcp/schema_writer.hpp"
#include "teams/hand_off.hpp"
#include "teams/team_parts.hpp"

#include <algorithm>
#include <set>

namespace mcp {
namespace {

using router_change = update<team_state>;

struct route_decision {
  std::vector<std::string> routes{};
};
MCP_STRUCT(route_decision, (routes, mcp::doc("names of who is to answer")))

/// The rules that a choice has to keep.
struct choice_rules {
  std::vector<std::string> names{};
  std::string default_route{};
  std::size_t most = 1;

  /// Throws `malformed_answer`.
  void check(const std::vector<std::string>& chosen) const {
    const auto refuse = [](const std::string& why) { throw error{errc::malformed_answer, why}; };
    if (chosen.empty() || chosen.size() > most) {
      refuse("1 to " + std::to_string(most) + " routes can be chosen, not " +
             std::to_string(chosen.size()));
    }
    std::set<std::string> seen;
    for (const auto& name : chosen) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        refuse("there is no route \"" + name.substr(0, 100) + "\"");
      }
      if (!seen.insert(name).second) refuse("the route \"" + name + "\" is chosen twice");
    }
  }
};

router_change choice(std::vector<std::string> routes) {
  return router_change{}
      .set(&team_state::active_agent, routes.front())
      .set(&team_state::chosen, std::move(routes));
}

router_change default_choice(const choice_rules& rules, const error& reason, context& ctx) {
  ctx.emit("default_route", reason.message());
  return choice({rules.default_route});
}

std::string schema_of(const choice_rules& rules) {
  const std::vector<std::string_view> names{rules.names.begin(), rules.names.end()};
  return R"({"type":"object","properties":{"routes":{"type":"array","items":)" +
         schema_writer::enumeration(names) + R"(,"minItems":1,"maxItems":)" +
         std::to_string(rules.most) + R"(}},"required":["routes"],"additionalProperties":false})";
}

std::string system_text(const router_options& options) {
  auto text = options.system + "\nThe routes:";
  for (const auto& one : options.routes) text += "\n- " + one.name() + ": " + one.description();
  return text;
}

auto model_router(const router_options& options, choice_rules rules) {
  auto how = options.asking;
  how.system = system_text(options);
  how.stream = false;
  how.request.output_schema = schema_of(rules);
  return [model = options.model, rules = std::move(rules),
          how = std::make_shared<const model_node_options>(std::move(how))](
             const team_state& s, context& ctx, reply<team_state> out) {
    auto chosen = std::make_shared<route_decision>();
    detail::ask_for_json(
        model, how, s.messages, ctx,
        [chosen, rules](const std::string& text) {
          *chosen = from_json<route_decision>(text);
          rules.check(chosen->routes);
        },
        [chosen, rules, out](std::optional<error> problem) {
          if (!problem) return out.done(choice(std::move(chosen->routes)));
          if (problem->code() != errc::malformed_answer) return out.fail(std::move(*problem));
          out.done(default_choice(rules, *problem, out.context()));
        });
  };
}

auto function_router(const router_options& options, choice_rules rules) {
  return [choose = options.choose, rules = std::move(rules)](const team_state& s, context& ctx) {
    auto chosen = choose(s);
    try {
      rules.check(chosen);
    } catch (const error& reason) {
      return default_choice(rules, reason, ctx);
    }
    return choice(std::move(chosen));
  };
}

choice_rules checked_rules(const router_options& options) {
  const auto refuse = [](const std::string& why) { throw error{errc::invalid_argument, why}; };
  teams::check_members(options.routes, {"router", "joiner"});
  if ((options.model != nullptr) == (options.choose != nullptr)) {
    refuse("a router needs a model or a function that chooses, and not both");
  }
  if (options.max_routes < 1) refuse("max_routes of a router is at least 1");
  choice_rules rules{teams::names_of(options.routes), options.default_route, options.max_routes};
  const auto& names = rules.names;
  if (rules.default_route.empty()) rules.default_route = names.front();
  if (std::find(names.begin(), names.end(), rules.default_route) == names.end()) {
    refuse("the default_route \"" + rules.default_route + "\" is none of the routes");
  }
  return rules;
}

}  // namespace

graph<team_state> router_team(std::string name, router_options options) {
  const auto rules = checked_rules(options);
  graph<team_state> made{std::move(name)};
  if (options.model) {
    made.node("router", model_router(options, rules));
  } else {
    made.node("router", function_router(options, rules));
  }
  made.entry_point("router");
  made.router(
      "router", [](const team_state& s) { return routes{s.chosen}; }, rules.names);
  const std::string after = options.joiner ? "joiner" : end;
  for (const auto& one : options.routes) {
    one.add_to(made, {.output = options.output,
                      .side_by_side = options.max_routes > 1,
                      .options = options.route_options});
    made.router(one.name(), [after](const team_state&) { return routes{after}; }, {after});
  }
  if (options.joiner) {
    auto how = options.asking;
    how.system = options.join_system;
    teams::let_go_on(how, "Write the one answer to my question now.");
    made.node("joiner", model_node(options.joiner, &team_state::messages, std::move(how)));
    made.finish_point("joiner");
  }
  return made;
}

}  // namespace mcp
