#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mcp::cluster {

/// A pattern of Lua's, compiled, so that what a match costs can be counted: Lua's own matcher may
/// take time that is exponential in the pattern. Needs no destructor. Immutable once compiled.
class lua_pattern {
 public:
  static constexpr std::size_t max_items = 200;
  static constexpr std::size_t max_captures = 32;

  /// Null, or what is wrong with the pattern. A '^' at the front anchors it if `anchors`.
  [[nodiscard]] const char* compile(std::string_view text, bool anchors) noexcept;

  struct capture {
    std::size_t start = 0;
    std::size_t size = 0;
    bool position = false;  ///< it stands for its place, not for a text
  };
  struct match {
    std::size_t start = 0;
    std::size_t end = 0;
    std::array<capture, max_captures> captures{};
    std::size_t count = 0;
  };
  enum class outcome : std::uint8_t { found, none, out_of_steps };

  /// The first match at or after `from`. Takes from `steps` what it costs.
  [[nodiscard]] outcome find(std::string_view subject, std::size_t from, std::int64_t& steps,
                             match& found) const noexcept;

 private:
  enum class kind : std::uint8_t { one, open, close, place, again, balanced, frontier, finish };
  enum class repeat : std::uint8_t { once, maybe, many, some, few };
  struct item {
    kind what = kind::one;
    repeat times = repeat::once;
    unsigned char first = 0;  ///< capture, or the opening byte of `balanced`
    unsigned char last = 0;   ///< the closing byte
    std::bitset<256> set{};
  };
  class compiler;
  class matcher;

  std::array<item, max_items> items_{};
  std::size_t size_ = 0;
  std::size_t captures_ = 0;
  bool anchored_ = false;
};

}  // namespace mcp::cluster
