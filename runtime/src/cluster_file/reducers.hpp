#pragma once

#include "mcp/json.hpp"

#include <map>
#include <string>

namespace mcp::cluster {

/// Reducers of cluster files besides those of every JSON state, by name: `pin_facts`.
[[nodiscard]] std::map<std::string, json_reducer_function> own_reducers();

}  // namespace mcp::cluster
