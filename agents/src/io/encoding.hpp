#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mcp::io {

/// SHA-256 as 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// Base64 with padding, without line breaks.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing for a text that is no such base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace mcp::io
