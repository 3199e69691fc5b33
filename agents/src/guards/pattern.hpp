#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace mcp::guards {

inline constexpr std::size_t max_pattern_bytes = 4096;
inline constexpr std::size_t max_text_bytes = 1024 * 1024;
/// Most items of the pattern that one search may try, over the whole text.
inline constexpr std::uint64_t max_search_steps = 10'000'000;

/// Bytes `begin` to `end` of a text.
struct span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// A PCRE2 pattern for texts from outside: a search ends after a bounded amount of work. Bytes that
/// are not UTF-8 match nothing. Immutable; safe from several threads.
class pattern {
 public:
  /// Throws `invalid_argument` with what is wrong, and where.
  explicit pattern(std::string text);

  /// Where the pattern matches, from left to right, at most `most` places; nothing when the text is
  /// too long or the search exceeds its limit.
  [[nodiscard]] std::optional<std::vector<span>> search(std::string_view text,
                                                        std::size_t most) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  struct release {
    void operator()(pcre2_real_code_8* code) const noexcept;
  };

  std::string text_;
  std::unique_ptr<pcre2_real_code_8, release> code_;
};

}  // namespace mcp::guards
