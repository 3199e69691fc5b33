#pragma once

#include "io/event_loop.hpp"

namespace mcp::io {

/// The loop of the process: the thread of the shared HTTP client. Lives until the process ends.
[[nodiscard]] event_loop& default_loop();

}  // namespace mcp::io
