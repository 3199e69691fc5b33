#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace mcp::cluster {

/// Sends the libraries' log, warnings and worse, to `to`; null: to standard error. `to` is called
/// from any thread, one at a time. Threads that log at this moment may call the earlier one.
void route_log(std::function<void(const std::string&)> to);

enum class log_format : std::uint8_t { text, json };

/// For programs that stay: the log, information and worse, as lines on standard error, each with
/// its time (UTC).
void log_lines(log_format format);

}  // namespace mcp::cluster
