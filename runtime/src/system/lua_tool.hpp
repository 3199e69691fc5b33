#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/tool.hpp"
#include "mcp/memory_store.hpp"
#include "plugins/plugin_set.hpp"

#include <map>
#include <memory>
#include <string>

namespace mcp::cluster {

/// A tool in Lua: the script sees the checked arguments as `args`; a text it returns is the result
/// as it is, everything else as JSON. It sees `call_id` and `idempotency_key`, too. `memory`:
/// before the namespaces of the script; `notes`: how what it remembers is embedded.
[[nodiscard]] std::shared_ptr<tool> make_lua_tool(const tool_description_in_file& what,
                                                  const script_limits& limits,
                                                  memory_namespace memory, agent_memory notes);

/// The tools of a file, by name. What cannot be made is a problem. `offline`: tools that need a
/// network answer that they may not use it.
[[nodiscard]] std::map<std::string, std::shared_ptr<tool>> make_tools(
    const cluster_description& file, bool offline, const plugin_set& plugins,
    const agent_memory& notes, problem_list& problems);

}  // namespace mcp::cluster
