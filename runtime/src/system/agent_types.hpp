#pragma once

#include "cluster/remote_nodes.hpp"
#include "cluster_file/description.hpp"
#include "mcp/agent_spec.hpp"
#include "plugins/plugin_set.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mcp::cluster {

/// The types of agents that a file has: those of its plugins, with the options that the file gives
/// them. Those that are placed on workers, or of plugins that only workers have, are handled there;
/// `workers` null: those of plugins that are here are handled here, the others left out. `hash` is
/// the file's. What is wrong is a problem.
[[nodiscard]] std::vector<agent_spec> make_agent_types(const cluster_description& file,
                                                       const plugin_set& plugins,
                                                       const std::string& hash,
                                                       const std::shared_ptr<remote_nodes>& workers,
                                                       problem_list& problems);

}  // namespace mcp::cluster
