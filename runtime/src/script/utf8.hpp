#pragma once

#include <cstddef>
#include <string_view>

namespace mcp::cluster {

/// Whether a text is UTF-8: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
/// Bytes of the longest beginning that is.
[[nodiscard]] std::size_t utf8_bytes(std::string_view text) noexcept;

}  // namespace mcp::cluster
