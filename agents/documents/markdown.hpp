#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

// What a single line of Markdown is. A practical subset of CommonMark: enough to find headings,
// lists, tables and code in documents people write; not a conforming parser.

std::string_view trim(std::string_view text);

/// Removes quote marks (`>`) and indentation at the start of a line.
std::string_view strip_quote(std::string_view line);

/// Number of columns of leading blanks; a tab goes to the next multiple of four.
int indentation(std::string_view line);

struct heading_line {
  int level = 0;  ///< 1 to 6, or 0 when the line is no heading
  std::string text;
};
/// `# Title` to `###### Title`.
heading_line parse_heading(std::string_view line);

struct fence_line {
  char mark = '\0';        ///< '`' or '~', or 0 when the line is no fence
  std::size_t length = 0;  ///< marks in a row, three or more
  std::string info;        ///< what follows: the language
};
fence_line parse_fence(std::string_view line);

/// Bytes of the list marker with the blanks after it ("- ", "12. "); 0 when there is none. The
/// line must not be indented.
std::size_t list_marker(std::string_view line);

/// `---`, `***` or `___`, possibly with blanks between.
bool is_rule(std::string_view line);

/// Underline of a title: only `=` (level 1) or only `-` (level 2); 0 otherwise.
int underline_level(std::string_view line);

/// The `|---|:--:|` line below a table's header.
bool is_table_delimiter(std::string_view line);

/// Non-empty cells of a table row, trimmed. A pipe inside a code span or after a backslash
/// does not separate.
std::vector<std::string> table_cells(std::string_view line);

/// What stands between the cells of a row that is quoted as text.
inline constexpr std::string_view cell_separator = " \xC2\xB7 ";

/// Without emphasis marks, code marks and link targets: "[a](b) `c`" becomes "a c".
std::string plain_text(std::string_view markdown);

/// Removes the marks that are not part of a line's text: quote marks, a list marker.
std::string_view strip_block_prefix(std::string_view line);

}  // namespace mcp::documents
