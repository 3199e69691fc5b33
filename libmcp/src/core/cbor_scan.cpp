#include "core/cbor_scan.hpp"

#include <array>
#include <cstdint>

namespace mcp::core {
namespace {

enum class major : std::uint8_t { uint, nint, bytes, text, array, map, tag, simple };

struct level {
  std::uint64_t left = 0;  ///< items still to come; keys and values of a map count one each
  bool map = false;
};

struct head {
  major type = major::uint;
  std::uint8_t low = 0;  ///< the five low bits
  std::uint64_t argument = 0;
};

/// Reads the head of an item; returns what is wrong with it or nullptr.
const char* read_head(std::string_view bytes, std::size_t& at, head& out) noexcept {
  if (at >= bytes.size()) return "the value ends too early";
  const auto first = static_cast<std::uint8_t>(bytes[at++]);
  out.type = static_cast<major>(first >> 5U);
  out.low = first & 0x1FU;
  out.argument = out.low;
  if (out.low < 24) return nullptr;
  if (out.low > 27) return "lengths must be definite";
  const std::size_t width = std::size_t{1} << (out.low - 24U);
  if (bytes.size() - at < width) return "the value ends too early";
  out.argument = 0;
  for (std::size_t i = 0; i < width; ++i) {
    out.argument = (out.argument << 8U) | static_cast<std::uint8_t>(bytes[at++]);
  }
  return nullptr;
}

const char* check_leaf(std::string_view bytes, std::size_t& at, const head& item) noexcept {
  switch (item.type) {
    case major::uint:
      return nullptr;
    case major::nint:
      return item.argument >> 63U ? "a negative number is too large" : nullptr;
    case major::bytes:
    case major::text:
      if (item.argument > bytes.size() - at) return "a text ends too early";
      at += static_cast<std::size_t>(item.argument);
      return nullptr;
    case major::tag:
      return "tags are not allowed";
    case major::simple: {
      const bool known = (item.low >= 20 && item.low <= 22) || (item.low >= 25 && item.low <= 27);
      return known ? nullptr : "an unknown simple value";
    }
    case major::array:
    case major::map:
      break;
  }
  return nullptr;
}

}  // namespace

const char* scan_cbor(std::string_view bytes) noexcept {
  std::array<level, max_cbor_depth> levels{};
  std::size_t depth = 0;
  std::size_t at = 0;
  do {
    head item;
    if (const char* wrong = read_head(bytes, at, item)) return wrong;
    if (depth > 0) {
      const level& top = levels[depth - 1];
      if (top.map && top.left % 2 == 0 && item.type != major::text) return "a key is not a text";
      --levels[depth - 1].left;
    }
    if (item.type == major::array || item.type == major::map) {
      // Every item takes a byte at least, so a larger count is damage; it also cannot overflow.
      if (item.argument > bytes.size() - at) return "a list or map ends too early";
      const bool map = item.type == major::map;
      if (depth == max_cbor_depth) return "nested deeper than 200 levels";
      levels[depth++] = {map ? item.argument * 2 : item.argument, map};
    } else if (const char* wrong = check_leaf(bytes, at, item)) {
      return wrong;
    }
    while (depth > 0 && levels[depth - 1].left == 0) --depth;
  } while (depth > 0);
  return at == bytes.size() ? nullptr : "there are bytes after the value";
}

}  // namespace mcp::core
