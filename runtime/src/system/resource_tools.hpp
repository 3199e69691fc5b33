#pragma once

#include "mcp/agents/mcp_client.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace mcp::cluster {

inline constexpr const char* list_resources_name = "list_resources";
inline constexpr const char* read_resource_name = "read_resource";

/// Tools that list and read the resources of a server, by these names. `client`: null when the
/// server is gone; called from the threads of blocking tools.
[[nodiscard]] std::vector<mcp_server_tool> resource_tools(
    std::function<std::shared_ptr<mcp_client>()> client);

}  // namespace mcp::cluster
