#pragma once

#include <chrono>

namespace mcp::cluster {

using instant = std::chrono::nanoseconds;  ///< of a clock that never goes back

}  // namespace mcp::cluster
