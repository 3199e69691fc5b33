#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace mcp::core::schema {

/// What is left of the work one validation may do.
class work_meter {
 public:
  explicit work_meter(std::uint64_t steps) noexcept : left_(steps) {}
  /// Takes `steps`; false when not that much was left, and then for good.
  [[nodiscard]] bool spend(std::uint64_t steps) noexcept {
    if (steps > left_) {
      left_ = 0;
      spent_ = true;
    } else {
      left_ -= steps;
    }
    return !spent_;
  }
  [[nodiscard]] bool exhausted() const noexcept { return spent_; }

 private:
  std::uint64_t left_;
  bool spent_ = false;
};

/// A compiled regular expression, close to ECMAScript's in Unicode mode. Immutable.
class pattern {
 public:
  /// Throws `std::invalid_argument` that says what is wrong with the expression and where.
  explicit pattern(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Bytes of the compiled form.
  [[nodiscard]] std::size_t memory() const noexcept;

 private:
  friend class pattern_matcher;
  struct release {
    void operator()(pcre2_real_code_8* code) const noexcept;
  };

  std::string text_;
  std::unique_ptr<pcre2_real_code_8, release> code_;
  bool has_back_references_ = false;
};

enum class pattern_result { match, no_match, not_utf8, too_complex };

/// The working memory of matches; used by one validation, hence by one thread.
class pattern_matcher {
 public:
  pattern_matcher();

  /// Looks for the pattern anywhere in the text. What the search costs is taken from the meter.
  [[nodiscard]] pattern_result search(const pattern& wanted, std::string_view text,
                                      work_meter& meter);

 private:
  struct release {
    void operator()(pcre2_real_match_context_8* context) const noexcept;
    void operator()(pcre2_real_match_data_8* data) const noexcept;
  };

  std::unique_ptr<pcre2_real_match_context_8, release> context_;
  std::unique_ptr<pcre2_real_match_data_8, release> data_;
};

}  // namespace mcp::core::schema
