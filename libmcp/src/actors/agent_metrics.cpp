#include "actors/agent_metrics.hpp"

namespace mcp::actors {
namespace {

constexpr metric_family agents_awake{"mcp_agents_awake", "Agents with an actor, or stopped.",
                                     metric_family::type::gauge};
constexpr metric_family agent_messages{"mcp_agent_messages_total",
                                       "Messages that handlers ended, by how."};
constexpr metric_family agent_dead_letters{"mcp_agent_dead_letters_total",
                                           "Messages that nobody handles, and nobody heard of."};
constexpr metric_family agent_restarts{"mcp_agent_restarts_total",
                                       "Actors of agents that died and were replaced."};

}  // namespace

void agent_metrics::awake(double more) const {
  if (to_) to_->add(agents_awake, {{"system", system_}}, more);
}

void agent_metrics::message(std::string_view type, std::string_view outcome) const {
  if (to_) to_->add(agent_messages, {{"type", type}, {"outcome", outcome}});
}

void agent_metrics::dead_letter(std::string_view type, errc why) const {
  if (to_) to_->add(agent_dead_letters, {{"type", type}, {"reason", name(why)}});
}

void agent_metrics::restarted(std::string_view type) const {
  if (to_) to_->add(agent_restarts, {{"type", type}});
}

}  // namespace mcp::actors
