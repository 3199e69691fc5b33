#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcp::tools {

inline constexpr std::size_t max_expression_bytes = 1000;
inline constexpr int max_expression_depth = 64;

/// The value of an arithmetic expression. Throws `invalid_tool_call` with the column of what is
/// wrong, and `tool_failed` for a result that is no finite number.
[[nodiscard]] double evaluate(std::string_view expression);
/// The shortest text that reads back as the same number.
[[nodiscard]] std::string number_text(double value);

}  // namespace mcp::tools
