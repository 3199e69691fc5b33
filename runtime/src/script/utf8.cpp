#include "script/utf8.hpp"

#include <cstdint>

namespace mcp::cluster {
namespace {

/// Bytes of the character at the start of `text`; zero: none of UTF-8.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t code = first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[size] || code > 0x10ffff) return 0;
  return code >= 0xd800 && code <= 0xdfff ? 0 : size;
}

}  // namespace

std::size_t utf8_bytes(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = character_bytes(text.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

bool is_utf8(std::string_view text) noexcept {
  return utf8_bytes(text) == text.size();
}

}  // namespace mcp::cluster
