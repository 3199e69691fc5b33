#include "tokens.hpp"

#include "stem.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mcp::documents {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

char at_or_zero(std::string_view text, std::size_t at) {
  return at < text.size() ? text[at] : '\0';
}

/// True when the comma at `at` groups thousands: a digit before it, exactly three after it.
bool is_thousands_comma(std::string_view text, std::size_t at) {
  for (std::size_t i = 1; i <= 3; ++i) {
    if (!is_digit(at_or_zero(text, at + i))) return false;
  }
  return !is_digit(at_or_zero(text, at + 4));
}

/// Bytes at `at` that continue the word begun at `begin`; 0 when the word ends here.
std::size_t continuation(std::string_view text, std::size_t begin, std::size_t at) {
  const char c = text[at];
  if (c == '_') return 1;
  const char previous = text[at - 1];
  const char next = at_or_zero(text, at + 1);
  if (c == '.' && is_digit(previous) && is_digit(next)) return 1;
  if (c == ',' && is_digit(previous) && is_thousands_comma(text, at)) return 1;
  if (c == '\'' && (is_lower(next) || is_upper(next))) return 1;
  const bool one_letter = at - begin == 1 && (is_lower(previous) || is_upper(previous));
  if (one_letter && c == '+' && next == '+') return 2;
  if (one_letter && c == '#' && !is_word_code_point(static_cast<unsigned char>(next))) return 1;
  const code_point point = decode_utf8(text, at);
  return point.valid && is_word_code_point(point.value) ? point.size : 0;
}

std::string_view trim_underscores(std::string_view word) {
  while (!word.empty() && word.front() == '_') word.remove_prefix(1);
  while (!word.empty() && word.back() == '_') word.remove_suffix(1);
  return word;
}

std::string normal_form(std::string_view raw) {
  std::string word = to_lower(raw);
  if (word.ends_with("'s")) word.resize(word.size() - 2);
  if (!word.empty() && is_digit(word.front())) std::erase(word, ',');
  return word;
}

void push(std::vector<token>& out, std::string_view raw, std::size_t begin, bool part) {
  std::string word = normal_form(raw);
  if (word.empty()) return;
  std::string term = stem(word);
  out.push_back({std::move(term), std::move(word), begin, begin + raw.size(), part});
}

/// Adds the pieces of snake_case and camelCase; an ordinary word has none.
void push_parts(std::vector<token>& out, std::string_view raw, std::size_t begin) {
  std::vector<std::pair<std::size_t, std::size_t>> pieces;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= raw.size(); ++i) {
    const bool underscore = i < raw.size() && raw[i] == '_';
    const bool hump = i > 0 && i < raw.size() && is_lower(raw[i - 1]) && is_upper(raw[i]);
    if (i < raw.size() && !underscore && !hump) continue;
    if (i > start) pieces.emplace_back(start, i);
    start = underscore ? i + 1 : i;
  }
  if (pieces.size() < 2) return;
  for (const auto& [from, to] : pieces) {
    if (to - from >= 2) push(out, raw.substr(from, to - from), begin + from, true);
  }
}

}  // namespace

std::vector<token> tokenize(std::string_view text) {
  std::vector<token> out;
  for (std::size_t at = 0; at < text.size();) {
    const code_point point = decode_utf8(text, at);
    const bool starts = point.valid && (is_word_code_point(point.value) || point.value == U'_');
    if (!starts) {
      at += point.size;
      continue;
    }
    const std::size_t begin = at;
    at += point.size;
    while (at < text.size()) {
      const std::size_t more = continuation(text, begin, at);
      if (more == 0) break;
      at += more;
    }
    const std::string kept = cut_utf8(text.substr(begin, at - begin), max_token_bytes);
    const std::string_view raw = trim_underscores(kept);
    const std::size_t first = begin + kept.find_first_not_of('_');
    if (raw.empty()) continue;
    push(out, raw, first, false);
    push_parts(out, raw, first);
  }
  return out;
}

bool is_stop_word(std::string_view word) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"a",       "about",  "above",   "after",   "again", "all",     "also",    "am",
       "an",      "and",    "any",     "are",     "as",    "at",      "be",      "because",
       "been",    "before", "being",   "between", "both",  "but",     "by",      "can",
       "cannot",  "could",  "did",     "do",      "does",  "doing",   "don't",   "done",
       "during",  "each",   "either",  "else",    "every", "few",     "for",     "from",
       "further", "get",    "gets",    "give",    "given", "had",     "has",     "have",
       "having",  "he",     "her",     "here",    "him",   "his",     "how",     "i",
       "if",      "in",     "into",    "is",      "it",    "its",     "itself",  "just",
       "let",     "like",   "may",     "me",      "might", "more",    "most",    "much",
       "must",    "my",     "neither", "no",      "nor",   "not",     "of",      "off",
       "on",      "only",   "onto",    "or",      "other", "our",     "out",     "over",
       "own",     "per",    "please",  "same",    "shall", "she",     "should",  "so",
       "some",    "such",   "tell",    "than",    "that",  "the",     "their",   "them",
       "then",    "there",  "these",   "they",    "this",  "those",   "through", "to",
       "too",     "under",  "until",   "up",      "upon",  "us",      "very",    "was",
       "we",      "were",   "what",    "when",    "where", "whether", "which",   "while",
       "who",     "whom",   "whose",   "why",     "will",  "with",    "would",   "you"});
  static_assert(std::is_sorted(words.begin(), words.end()));
  return std::binary_search(words.begin(), words.end(), word);
}

std::vector<std::string> content_terms(std::string_view text) {
  std::vector<std::string> out;
  for (token& t : tokenize(text)) {
    if (t.part || is_stop_word(t.word)) continue;
    if (std::find(out.begin(), out.end(), t.term) == out.end()) out.push_back(std::move(t.term));
  }
  return out;
}

}  // namespace mcp::documents
