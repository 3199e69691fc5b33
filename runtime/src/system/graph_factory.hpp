#pragma once

#include "cluster/remote_nodes.hpp"
#include "cluster_file/description.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/tool.hpp"
#include "mcp/json.hpp"
#include "plugins/plugin_set.hpp"
#include "system/agent_host.hpp"
#include "system/model_factory.hpp"
#include "system/tool_servers.hpp"
#include "system/worker_system.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mcp::cluster {

struct ready_graph {
  std::shared_ptr<const state_type> type{};
  std::shared_ptr<const graph_plan> plan{};  ///< null: it has problems
};

/// What the graphs of a file are made of.
struct graph_parts {
  const cluster_description& file;
  std::map<std::string, ready_model> models{};
  std::map<std::string, std::shared_ptr<tool>> tools{};
  std::shared_ptr<tool_servers> servers{};
  std::shared_ptr<agent_host> agents{};  ///< whom nodes ask
  const plugin_set& plugins;
  std::shared_ptr<remote_nodes> workers{};  ///< who run what is placed there; null: this process
  std::string hash{};                       ///< of the file
  bool check_only = false;                  ///< nothing will run
  agent_memory notes{};                     ///< of nodes and scripts
};

/// Makes the graph of a file with its subgraphs, after checking every name in them. What is wrong
/// is a problem.
[[nodiscard]] ready_graph make_graphs(const graph_parts& parts, problem_list& problems);

/// The nodes that are placed on workers, as a worker runs them, by graph and name; the graph of the
/// file itself is called "". What is wrong with one is its problem.
[[nodiscard]] std::map<std::pair<std::string, std::string>, worker_node> make_worker_nodes(
    const graph_parts& parts);

}  // namespace mcp::cluster
