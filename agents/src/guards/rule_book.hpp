#pragma once

#include "guards/pattern.hpp"
#include "mcp/agents/guards.hpp"
#include "mcp/json_schema.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::guards {

inline constexpr std::size_t max_patterns = 1000;
/// Most places of one text that one pattern takes out.
inline constexpr std::size_t max_redactions = 10'000;

enum class coverage : std::uint8_t { everything, without_schema };

/// The compiled rules of a guard.
class rule_book {
 public:
  explicit rule_book(guard_options options);

  [[nodiscard]] const guard_options& options() const noexcept { return options_; }
  [[nodiscard]] std::optional<std::string> problem(std::string_view text,
                                                   coverage what = coverage::everything) const;
  /// The text without what breaks a rule; nothing when that is not possible.
  [[nodiscard]] std::optional<std::string> redacted(std::string text, coverage what) const;

 private:
  struct rule {
    pattern what;
    std::string reason;
  };

  guard_options options_;
  std::vector<rule> rules_;
  std::optional<json_schema> schema_;
};

}  // namespace mcp::guards
