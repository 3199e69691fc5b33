#pragma once

#include "mcp/agents/builtin_tools.hpp"

#include <string>

namespace mcp::tools {

/// `url`, written the way it will be asked for, if the options allow it. Throws `access_denied`,
/// and `invalid_tool_call` for what is no such URL. User names and passwords are refused.
[[nodiscard]] std::string checked_place(const std::string& url, const http_get_options& options);
/// Where a redirect from `base` to `location` leads. Throws `tool_failed`.
[[nodiscard]] std::string resolved(const std::string& base, const std::string& location);

}  // namespace mcp::tools
