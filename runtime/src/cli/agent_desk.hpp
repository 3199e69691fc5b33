#pragma once

#include "system/cluster_system.hpp"

#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

/// What a server says of its agents, and does with them, when it is asked. Safe from several
/// threads.
namespace mcp::cluster {

using served_list = std::vector<std::shared_ptr<cluster_system>>;

/// Types, counts, and the supervisors with what is stopped below them.
[[nodiscard]] nlohmann::ordered_json agents_report(const served_list& systems);
/// `who` is a supervisor, of all keys or of `key`, or the address of one agent. Throws
/// `invalid_argument` when there is none of this name.
[[nodiscard]] nlohmann::ordered_json stop_agents(const served_list& systems, const std::string& who,
                                                 const std::string& key, const std::string& reason);
[[nodiscard]] nlohmann::ordered_json revive_agents(const served_list& systems,
                                                   const std::string& who, const std::string& key);

}  // namespace mcp::cluster
