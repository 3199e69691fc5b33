#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/tool.hpp"
#include "mcp/json.hpp"
#include "plugins/plugin_set.hpp"
#include "system/agent_host.hpp"
#include "system/model_factory.hpp"
#include "system/tool_servers.hpp"

#include <map>
#include <memory>
#include <string>

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
};

/// Makes the graph of a file with its subgraphs, after checking every name in them. What is wrong
/// is a problem.
[[nodiscard]] ready_graph make_graphs(const graph_parts& parts, problem_list& problems);

}  // namespace mcp::cluster
