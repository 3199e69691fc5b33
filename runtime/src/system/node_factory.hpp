#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/tool_set.hpp"
#include "system/agent_host.hpp"
#include "system/model_factory.hpp"
#include "system/routing.hpp"
#include "system/tool_servers.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mcp::cluster {

/// What all nodes of one graph are made with.
struct node_surroundings {
  std::shared_ptr<const state_type> type{};
  script_limits limits{};
  std::shared_ptr<const send_inputs> inputs{};  ///< filled when all nodes are there
  memory_namespace memory{};                    ///< before the namespaces of scripts
  agent_memory notes{};
};

/// Index of a field in a state that has it.
[[nodiscard]] std::uint16_t field_index(const state_type& type, const std::string& field);

[[nodiscard]] node_spec make_lua_node(const lua_node_description& what,
                                      const node_surroundings& around);
/// `messages`: the field of the conversation; empty: there is none. `prompts`: the server of
/// `prompt_from`.
[[nodiscard]] node_spec make_model_node(const model_node_description& what,
                                        const ready_model& model, const std::string& messages,
                                        const tool_set& tools, tool_servers::client_source prompts,
                                        const node_surroundings& around);
[[nodiscard]] node_spec make_tools_node(const tool_set& tools, const std::string& messages,
                                        const node_surroundings& around);
/// `text`: the result is written as it is; else it is JSON.
[[nodiscard]] node_spec make_call_node(const call_node_description& what, const tool_set& tools,
                                       bool text, const node_surroundings& around);
/// `schema`: of the answer, as JSON text; `speaks`: the answer becomes a message of `into`.
[[nodiscard]] node_spec make_ask_node(const ask_node_description& what, std::string schema,
                                      bool speaks, const node_surroundings& around);
/// A node that asks an agent once the host has its system.
[[nodiscard]] node_spec make_agent_node(const agent_node_description& what,
                                        std::shared_ptr<agent_host> agents,
                                        const node_surroundings& around);
/// A subgraph whose fields are mapped by name.
[[nodiscard]] node_spec make_mapped_graph_node(const graph_node_description& what,
                                               std::shared_ptr<const graph_plan> plan,
                                               std::shared_ptr<const state_type> child,
                                               const node_surroundings& around);

}  // namespace mcp::cluster
