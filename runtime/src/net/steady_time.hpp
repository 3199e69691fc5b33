#pragma once

#include "delivery/instant.hpp"

namespace mcp::cluster {

[[nodiscard]] inline instant steady_time() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace mcp::cluster
