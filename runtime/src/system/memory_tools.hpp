#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/tool.hpp"

#include <memory>
#include <string>

namespace mcp::cluster {

/// The tools `remember`, `recall` and `forget`, in the memory of the tool's scope: that of the
/// thread, of `system` as an agent, or of the user or agent whom the argument of that name names,
/// which is `given`. Null: the builtin is none of them.
[[nodiscard]] std::shared_ptr<tool> memory_tool(const tool_description_in_file& what,
                                                const agent_memory& notes,
                                                const std::string& system);

}  // namespace mcp::cluster
