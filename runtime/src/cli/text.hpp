#pragma once

#include "mcp/checkpoint_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text as people read it. Pure functions; what they print can be trusted to a terminal.
namespace mcp::cluster {

/// Without control characters, which could do things to a terminal: line ends, tabs and escapes
/// become spaces, damaged UTF-8 a question mark. `keep_lines`: line ends stay.
[[nodiscard]] std::string printable(std::string_view text, bool keep_lines = false);
/// Columns that printable text takes: East Asian wide characters and emoji two, combining ones
/// none.
[[nodiscard]] std::size_t columns_of(std::string_view text);
/// The longest head of `text` that fits into `columns`; a text that is cut ends in "…".
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);
/// The end of `text` that fits; a text that is cut begins with "…".
[[nodiscard]] std::string cut_front_to(std::string_view text, std::size_t columns);
/// One after the other with `between` in between.
[[nodiscard]] std::string joined(const std::vector<std::string>& texts,
                                 std::string_view between = ", ");
/// Two spaces before each line but the first.
[[nodiscard]] std::string indented(std::string_view text);
/// `text` and spaces up to `columns`.
[[nodiscard]] std::string padded(std::string_view text, std::size_t columns);

/// "0.4 s", "12.0 s", "3:05 min", "2:03:04 h".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds time);
/// "999", "12.3k", "4.0M".
[[nodiscard]] std::string short_number(std::int64_t number);
/// An amount in the currency of the budget, given in millionths: "0.0123".
[[nodiscard]] std::string cost_text(std::int64_t micros);
/// "2025-01-31 12:00:05.123", UTC.
[[nodiscard]] std::string time_text(store_time time);

/// Columns of equal width, two spaces between them; the first row is the header. Cells are made
/// printable and cut to 60 columns.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace mcp::cluster
