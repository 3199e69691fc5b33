#include "system/agent_types.hpp"

#include "system/graph_maker.hpp"
#include "system/remote_agents.hpp"

#include <map>
#include <utility>

namespace mcp::cluster {
namespace {

/// Types that are only asked by nodes, or supervised, have no entry of their own in the file.
std::vector<agent_type_description> types_of(const cluster_description& file) {
  auto types = file.agents;
  const auto add = [&](const graph_description& graph) {
    for (const auto& node : graph.nodes) {
      const auto* asks = std::get_if<agent_node_description>(&node.what);
      if (asks != nullptr) types.push_back({.type = asks->agent});
    }
  };
  add(file.graph);
  for (const auto& graph : file.graphs) add(graph);
  for (const auto& supervisor : file.supervision) {
    for (const auto& child : supervisor.children) types.push_back({.type = child});
  }
  return types;
}

}  // namespace

std::vector<agent_spec> make_agent_types(const cluster_description& file, const plugin_set& plugins,
                                         const std::string& hash,
                                         const std::shared_ptr<remote_nodes>& workers,
                                         problem_list& problems) {
  std::map<std::string, agent_spec> made;
  for (auto& type : plugins.agent_types()) made.emplace(type.type, std::move(type));
  for (const auto& type : file.agents) {
    const auto& name = type.type.name;
    if (!made.contains(name) && !plugins.is_on_workers(name)) {
      plugins.report_unknown("agent", type.type, problems);
    }
  }
  std::map<std::string, agent_spec> placed;
  for (const auto& type : types_of(file)) {
    const auto& name = type.type.name;
    const auto here = made.find(name);
    if (here != made.end()) here->second.options = type.applied_to(here->second.options);
    const bool away = here == made.end() ? plugins.is_on_workers(name) : type.placement.has_value();
    if (!away || !workers || placed.contains(name)) continue;
    task_demand demand{.plugins = {plugin_label(name)}, .agents = true};
    if (type.placement) limit(demand, *type.placement, file.name + '/' + name);
    const auto options = here == made.end() ? type.applied_to({}) : here->second.options;
    placed.emplace(name, make_remote_agent(name, options, hash, std::move(demand), workers));
  }
  placed.merge(made);
  std::vector<agent_spec> result;
  for (auto& [name, type] : placed) result.push_back(std::move(type));
  return result;
}

}  // namespace mcp::cluster
