#include "cli/agent_desk.hpp"

#include "mcp/agent_system.hpp"

#include <algorithm>
#include <set>

namespace mcp::cluster {
namespace {

using json = nlohmann::ordered_json;

json supervisor_report(const supervisor_status& one) {
  auto stops = json::array();
  for (const auto& stop : one.stops) {
    stops.push_back({{"key", stop.key.empty() ? json(nullptr) : json(stop.key)},
                     {"reason", stop.reason},
                     {"given_up", stop.given_up}});
  }
  return {{"supervisor", one.name},
          {"parent", one.parent.empty() ? json(nullptr) : json(one.parent)},
          {"strategy", name(one.strategy)},
          {"intensity", one.limit.intensity},
          {"period_ms", one.limit.period.count()},
          {"children", one.children},
          {"restarts", one.restarts},
          {"gave_up", one.gave_up},
          {"stopped", one.stopped},
          {"stops", std::move(stops)}};
}

/// The one whose supervisor, or whose type of agents, this is.
std::shared_ptr<agent_system> find_agents(const served_list& systems, const std::string& who) {
  const auto type = who.substr(0, who.find('/'));
  const bool one = type.size() != who.size();
  std::set<std::string> known;
  for (const auto& system : systems) {
    auto agents = system->agents();
    if (!agents) continue;
    for (auto& name : agents->types()) known.insert(std::move(name) + "/KEY");
    for (const auto& tree : agents->tree_status(0)) known.insert(tree.name);
    if (known.contains(one ? type + "/KEY" : who)) return agents;
  }
  std::string all;
  for (const auto& name : known) all += (all.empty() ? "" : ", ") + name;
  throw error{errc::invalid_argument, "there is no supervisor and no agent \"" + who +
                                          "\"; known are: " + (all.empty() ? "none" : all)};
}

}  // namespace

json agents_report(const served_list& systems) {
  auto list = json::array();
  std::set<const agent_system*> told;
  for (const auto& system : systems) {
    const auto agents = system->agents();
    if (!agents || !told.insert(agents.get()).second) continue;
    const auto counts = agents->counts();
    auto supervisors = json::array();
    for (const auto& one : agents->tree_status()) supervisors.push_back(supervisor_report(one));
    list.push_back({{"system", system->name()},
                    {"types", agents->types()},
                    {"awake", counts.awake},
                    {"asleep", counts.asleep},
                    {"woken", counts.woken},
                    {"undelivered", counts.undelivered},
                    {"replaced", counts.replaced},
                    {"supervisors", std::move(supervisors)}});
  }
  return {{"agents", list}};
}

json stop_agents(const served_list& systems, const std::string& who, const std::string& key,
                 const std::string& reason) {
  const auto agents = find_agents(systems, who);
  const auto& why = reason.empty() ? std::string{"stopped by a person"} : reason;
  if (who.find('/') == std::string::npos) {
    agents->stop_tree(who, why, key);
  } else {
    agents->stop(who, why);
  }
  return {{"stopped", who}};
}

json revive_agents(const served_list& systems, const std::string& who, const std::string& key) {
  const auto agents = find_agents(systems, who);
  const bool revived =
      who.find('/') == std::string::npos ? agents->revive_tree(who, key) : agents->revive(who);
  return {{"revived", who}, {"was_stopped", revived}};
}

}  // namespace mcp::cluster
