#pragma once

#include "mcp/json.hpp"
#include "script/sandbox.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mcp::cluster {

/// What the nodes of a graph take from a send, by name; null: nothing.
using send_inputs = std::map<std::string, const value_type*>;

/// Where a script wants to go: a name, END, {send, input}, or a list of these. Throws
/// `script_failed` for anything else.
[[nodiscard]] routes routes_of(const nlohmann::json& result, const send_inputs& inputs);

/// A router in Lua, over a `json_state`.
[[nodiscard]] router_function lua_router(compiled_script script, script_limits limits,
                                         std::shared_ptr<const send_inputs> inputs);
/// Throws `invalid_goto` for a target that is not `allowed`; without any allowed all are.
void check_leads(const std::vector<routes::target>& where, const std::vector<std::string>& allowed);
/// A router that leads nowhere else.
[[nodiscard]] router_function within(router_function decide, std::vector<std::string> allowed);
/// Sends each pending call of the conversation to `tools`; goes to `otherwise` without any.
[[nodiscard]] router_function tools_router(std::string messages, std::string tools,
                                           std::string otherwise);

}  // namespace mcp::cluster
