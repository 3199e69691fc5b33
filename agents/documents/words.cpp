#include "words.hpp"

#include "stem.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>

namespace mcp::documents {
namespace {

template <std::size_t Size>
bool is_one_of(std::string_view word, const std::array<std::string_view, Size>& list) {
  const std::string lower = to_lower(word);
  return std::find(list.begin(), list.end(), lower) != list.end();
}

bool is_mark(char c) {
  return c == ',' || c == ';' || c == '?' || c == '!' || c == ':';
}

bool is_mark_word(std::string_view word) {
  return word.size() == 1 && (is_mark(word[0]) || word[0] == '.');
}

bool is_abbreviation(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>(
                             {"vs", "e.g", "i.e", "etc", "dr", "mr", "ms", "mrs", "no", "cf"}));
}

/// Bytes of the quoted string at `at` with both marks; 0 when no closing mark follows.
std::size_t quoted_size(std::string_view text, std::size_t at) {
  const bool curly = text.substr(at).starts_with("\xE2\x80\x9C");
  if (!curly && text[at] != '"' && text[at] != '`') return 0;
  const std::string_view close = curly ? std::string_view("\xE2\x80\x9D") : text.substr(at, 1);
  const std::size_t end = text.find(close, at + 1);
  return end == std::string_view::npos ? 0 : end + close.size() - at;
}

void push_bare(word_list& out, std::string_view word) {
  std::size_t marks = 0;
  while (marks < word.size() && is_mark(word[word.size() - 1 - marks])) ++marks;
  std::string_view body = word.substr(0, word.size() - marks);
  const bool stop =
      body.size() > 1 && body.back() == '.' && !is_abbreviation(body.substr(0, body.size() - 1));
  if (body.ends_with('.')) body.remove_suffix(1);
  if (!body.empty()) out.emplace_back(body);
  if (stop) out.emplace_back(".");
  for (const char mark : word.substr(word.size() - marks)) out.emplace_back(1, mark);
}

}  // namespace

word_list split_words(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  word_list out;
  for (std::size_t at = 0; at < text.size();) {
    at = text.find_first_not_of(blanks, at);
    if (at == std::string_view::npos) break;
    if (const std::size_t size = quoted_size(text, at); size > 0) {
      out.emplace_back(text.substr(at, size));
      at += size;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    push_bare(out, text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string join_words(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty() && !is_mark_word(word)) out += ' ';
    out += word;
  }
  return out;
}

bool is_question_word(std::string_view word) {
  return is_one_of(
      word, std::to_array<std::string_view>({"what", "what's", "why", "how", "who", "whom", "whose",
                                             "when", "where", "which"}));
}

bool is_auxiliary(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>(
                             {"is", "are", "was", "were", "do", "does", "did", "can", "could",
                              "should", "will", "would", "may", "must", "has", "have", "had"}));
}

bool is_determiner(std::string_view word) {
  return is_one_of(
      word, std::to_array<std::string_view>({"the", "a", "an", "my", "our", "your", "its", "their",
                                             "this", "that", "these", "those"}));
}

bool is_pronoun(std::string_view word) {
  return is_one_of(
      word, std::to_array<std::string_view>({"it", "they", "them", "he", "she", "him", "her"}));
}

bool is_possessive(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>({"its", "their", "his"}));
}

bool is_preposition(std::string_view word) {
  return is_one_of(word,
                   std::to_array<std::string_view>(
                       {"of",      "in",      "on",      "at",    "for",    "from",   "to",
                        "with",    "without", "by",      "about", "into",   "over",   "under",
                        "between", "during",  "when",    "while", "if",     "after",  "before",
                        "because", "than",    "through", "via",   "inside", "across", "as"}));
}

bool is_common_verb(std::string_view word) {
  static constexpr auto verbs = std::to_array<std::string_view>(
      {"keep",      "work",    "handle",  "make",        "get",     "have",    "need",
       "happen",    "die",     "fail",    "become",      "know",    "give",    "take",
       "find",      "let",     "mean",    "compare",     "differ",  "prevent", "avoid",
       "ensure",    "decide",  "choose",  "survive",     "recover", "behave",  "go",
       "come",      "include", "contain", "provide",     "require", "send",    "receive",
       "write",     "read",    "use",     "exist",       "apply",   "resume",  "compile",
       "grow",      "shrink",  "scale",   "communicate", "connect", "detect",  "wait",
       "allow",     "crash",   "depend",  "matter",      "help",    "keep",    "deal",
       "guarantee", "protect", "lose",    "cost",        "look",    "consist", "define",
       "support"});
  static constexpr std::string_view has = "has";
  const std::string lower = to_lower(word);
  const std::string key = stem(lower);
  return lower == has || std::any_of(verbs.begin(), verbs.end(),
                                     [&key](std::string_view verb) { return stem(verb) == key; });
}

bool is_command(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>({"explain", "describe", "compare", "list",
                                                          "define", "summarize", "summarise",
                                                          "enumerate", "name", "show", "outline"}));
}

std::vector<word_list> split_list(std::span<const std::string> words) {
  std::vector<word_list> members;
  word_list current;
  for (const std::string& word : words) {
    const std::string lower = to_lower(word);
    if (lower == "," || lower == "and" || lower == "or" || lower == "&") {
      if (!current.empty()) members.push_back(std::move(current));
      current.clear();
    } else {
      current.push_back(word);
    }
  }
  if (!current.empty()) members.push_back(std::move(current));
  return members;
}

}  // namespace mcp::documents
