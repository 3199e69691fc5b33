#pragma once

#include "mcp/agents/teams_member.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mcp {

struct router_options {
  std::shared_ptr<chat_model> model{};  ///< answers {"routes":["NAME", ...]}
  /// Chooses in place of a model; called by several threads, must not block.
  std::function<std::vector<std::string>(const team_state&)> choose{};
  std::vector<team_member> routes{};  ///< 1 to `max_members`
  std::string default_route{};        ///< taken when a choice is none; empty: the first route
  std::size_t max_routes = 1;         ///< chosen at once; at least 1
  std::string system = "Choose who is to answer.";
  model_node_options asking{};           ///< how else to ask the model that chooses
  std::shared_ptr<chat_model> joiner{};  ///< writes one answer from all; null: nobody does
  std::string join_system = "Answer the user from what was said, in one answer.";
  output_mode output = output_mode::last_message;  ///< what is kept of a route's turn
  node_options route_options{};                    ///< of the routes' nodes
};

/// Sends a conversation to one or several of its routes, side by side: nodes "router", the routes,
/// and "joiner" if there is one. A choice that is no choice becomes `default_route` and an event
/// "default_route" with the reason. Throws `invalid_argument` unless exactly one of `model` and
/// `choose` is given, and for bad or double names, an unknown default, a limit below 1.
[[nodiscard]] MCP_AGENTS_EXPORT graph<team_state> router_team(std::string name,
                                                              router_options options);

}  // namespace mcp
