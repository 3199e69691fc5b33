#pragma once

#include "passages.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// A sentence of a passage, word for word; line breaks and runs of blanks are one blank.
struct sentence {
  std::string text;
  int first_line = 1;  ///< in the document, 1-based, inclusive
  int last_line = 1;
  bool follows = false;  ///< nothing but blanks stands between it and the one before in the list
};

/// A longer sentence is split at semicolons, and if that does not help, left out.
inline constexpr std::size_t max_sentence_bytes = 420;

/// Splits the text of a paragraph, list item or table row. A sentence ends at `.`, `!` or `?`
/// followed by a blank and no lower-case letter, but not in a code span, in parentheses, or after
/// an abbreviation ("e.g.") or a single letter. A short table row is one sentence, of
/// a long one each cell is. Code has none. Linear in the text.
std::vector<sentence> split_sentences(const passage& source);

/// True for text worth quoting: at least four words, three and a third of them outside code
/// spans, mostly
/// letters, no quotation cut in two, and not only a label ("Rules:").
bool is_quotable(std::string_view text);

/// Removes emphasis and code marks that have lost their partner to the split.
std::string balance_marks(std::string_view text);

/// The form in which a quote and its source are compared: without emphasis marks, code marks, pipes
/// and cell separators, blanks collapsed.
std::string comparable(std::string_view text);

}  // namespace mcp::documents
