#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agent_spec.hpp"
#include "plugins/plugin_set.hpp"

#include <vector>

namespace mcp::cluster {

/// The trees that a file describes, over the agent types there are. What is wrong with them is in
/// the list; the trees are not complete then.
[[nodiscard]] std::vector<supervisor> make_supervision(const cluster_description& file,
                                                       const std::vector<agent_spec>& types,
                                                       const plugin_set& plugins,
                                                       problem_list& problems);

}  // namespace mcp::cluster
