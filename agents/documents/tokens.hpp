#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// One word of a text.
struct token {
  std::string term;       ///< lower case and stemmed: what the index compares
  std::string word;       ///< lower case, as written
  std::size_t begin = 0;  ///< first byte in the text
  std::size_t end = 0;    ///< one past the last byte
  bool part = false;      ///< a piece of the identifier in the token before it
};

/// Longest word in bytes that becomes a token; the rest of a longer run is dropped.
inline constexpr std::size_t max_token_bytes = 64;

/// Splits `text` into words. Never fails: invalid UTF-8 separates words.
///
/// A word is a run of letters and digits. Kept as one word: `snake_case`, `C++20`, `C#`, `0.17.6`,
/// `20,000` (stored without the comma). Outer underscores and a possessive "'s" are dropped; a
/// hyphen separates. Identifiers also yield their pieces (`edge_map`: "edge", "map";
/// `DeltaChannel`: "delta", "channel") marked as `part`. Linear in `text.size()`.
std::vector<token> tokenize(std::string_view text);

/// True for a lower-case English word that carries no topic ("the", "does", "which").
bool is_stop_word(std::string_view word);

/// The distinct stemmed content words of `text` in order of appearance, without stop words and
/// without pieces of identifiers.
std::vector<std::string> content_terms(std::string_view text);

}  // namespace mcp::documents
