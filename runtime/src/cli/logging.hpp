#pragma once

#include <functional>
#include <string>

namespace mcp::cluster {

/// Sends the libraries' log, warnings and worse, to `to`; null: to standard error. `to` is called
/// from any thread, one at a time. Threads that log at this moment may call the earlier one.
void route_log(std::function<void(const std::string&)> to);

}  // namespace mcp::cluster
