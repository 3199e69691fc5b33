#pragma once

#include "mcp/log_fields.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mcp::cluster {

/// Sends the libraries' log, warnings and worse, to `to`; null: to standard error. `to` is called
/// from any thread, one at a time. Threads that log at this moment may call the earlier one.
void route_log(std::function<void(const std::string&)> to);

enum class log_format : std::uint8_t { text, json };

/// One line, without its end. `member`: who writes it. Pure.
[[nodiscard]] std::string log_line(log_format format, std::string_view time, std::string_view level,
                                   std::string_view message, const log_fields& about,
                                   const std::string& member);

/// For programs that stay: the log from `level` ("debug", "info", "warning", "error") on, as lines
/// on standard error, each with its time (UTC) and what it is about.
void log_lines(log_format format, const std::string& level, std::string member);

}  // namespace mcp::cluster
