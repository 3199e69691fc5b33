#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcp::tools {

/// Whether the bytes are UTF-8 without a NUL: text that a model can be shown.
[[nodiscard]] bool is_text(std::string_view bytes) noexcept;
/// The longest beginning of at most `limit` bytes that does not cut a character.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t limit) noexcept;
/// `text`, or a beginning of it with a line that says how much is missing.
[[nodiscard]] std::string shortened(std::string text, std::size_t limit);

}  // namespace mcp::tools
