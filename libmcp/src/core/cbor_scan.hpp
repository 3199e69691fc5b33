#pragma once

#include <cstddef>
#include <string_view>

namespace mcp::core {

/// Deepest nesting of arrays and maps in a stored value.
inline constexpr std::size_t max_cbor_depth = 200;

/// Checks, without recursion, that `bytes` are one CBOR item as docs/checkpoint-format.md, section
/// 3, allows it: definite lengths, text keys, no tags, at most `max_cbor_depth` levels, nothing
/// after it. Returns nullptr when they are, else what is wrong (a literal).
[[nodiscard]] const char* scan_cbor(std::string_view bytes) noexcept;

}  // namespace mcp::core
