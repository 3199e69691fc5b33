#pragma once

#include <string_view>

namespace mcp::cluster {

/// Whether a text is UTF-8: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace mcp::cluster
