#include "system/worker_system.hpp"

#include "cluster_file/read_file.hpp"
#include "system/cluster_system.hpp"
#include "system/graph_factory.hpp"
#include "system/lua_tool.hpp"
#include "system/notes.hpp"

namespace mcp::cluster {

std::shared_ptr<const worker_system> worker_system::load(const std::string& name,
                                                         const std::string& text,
                                                         const load_options& options) {
  problem_list problems{name};
  const auto file = read_cluster_file(name, text, process_environment(), problems);
  problems.check();
  // From here on what is wrong is a matter of the nodes that need it.
  const auto servers = std::make_shared<tool_servers>(
      *file, tool_servers::settings{options.offline, process_environment()}, problems);
  const plugin_set plugins{*file, options.plugins, plugin_role::worker, problems};
  auto notes = make_notes(*file, options.offline, problems);
  const graph_parts parts{
      *file,
      make_models(*file, {options.models, options.offline, false}, plugins, problems),
      make_tools(*file, options.offline, plugins, notes, problems),
      servers,
      std::make_shared<agent_host>(),
      plugins,
      {},
      {},
      false,
      notes};
  auto made = std::make_shared<worker_system>();
  made->nodes_ = make_worker_nodes(parts);
  for (auto& type : plugins.agent_types()) made->agents_.emplace(type.type, type);
  const auto others = to_text(problems.sorted());
  for (auto& [place, node] : made->nodes_) {
    if (!node.problem.empty() && !others.empty()) node.problem += "\n" + others;
  }
  return made;
}

const worker_node& worker_system::find(const std::string& graph, const std::string& node) const {
  const auto found = nodes_.find({graph, node});
  if (found == nodes_.end()) {
    throw error{errc::unknown_node, "the cluster file places no node \"" + node + "\"" +
                                        (graph.empty() ? "" : " of the graph \"" + graph + "\"")};
  }
  if (found->second.problem.empty()) return found->second;
  throw error{errc::invalid_cluster_file,
              "the worker cannot run the node \"" + node + "\": " + found->second.problem};
}

const agent_spec& worker_system::agent(const std::string& type) const {
  const auto found = agents_.find(type);
  if (found != agents_.end()) return found->second;
  throw error{errc::unknown_agent, "no plugin of the worker offers the agent \"" + type + "\""};
}

}  // namespace mcp::cluster
