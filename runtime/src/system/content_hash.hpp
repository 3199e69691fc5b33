#pragma once

#include <string>
#include <string_view>

namespace mcp::cluster {

/// SHA-256 as 64 hexadecimal digits.
[[nodiscard]] std::string content_hash(std::string_view bytes);

}  // namespace mcp::cluster
