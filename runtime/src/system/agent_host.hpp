#pragma once

#include "mcp/agent_system.hpp"

#include <memory>

namespace mcp::cluster {

/// Where the nodes of a file find its agents. They live as long as its executor; nodes are made
/// before.
struct agent_host {
  std::shared_ptr<agent_system> system{};  ///< set while an executor is there
};

}  // namespace mcp::cluster
