#pragma once

#include "script/sandbox.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::cluster {

/// Longest result of a template, in bytes.
inline constexpr std::size_t max_template_result = 1u << 20;
/// Most expressions in one template.
inline constexpr std::size_t max_template_expressions = 1000;

/// A text with Lua expressions between "{{" and "}}". Immutable; safe from several threads.
class text_template {
 public:
  text_template() = default;
  /// Throws `script_problem`.
  explicit text_template(const script_source& source);

  /// True when the text is the same each time.
  [[nodiscard]] bool constant() const noexcept { return expressions_.empty(); }
  [[nodiscard]] bool empty() const noexcept { return constant() && texts_.front().empty(); }
  /// The text, with the values of the expressions in `box`. Throws `script_failed`, `too_large`.
  [[nodiscard]] std::string render(sandbox& box) const;
  /// Of a constant one.
  [[nodiscard]] const std::string& text() const noexcept { return texts_.front(); }

 private:
  std::vector<std::string> texts_{std::string{}};  ///< around the expressions: one more than those
  std::vector<compiled_script> expressions_;
};

}  // namespace mcp::cluster
