#include "words.hpp"

#include "stem.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

void push_bare(word_list& out, std::string_view typed) {
  std::string plain;
  for (std::size_t at = 0; at < typed.size();) {
    const bool apostrophe = typed.substr(at).starts_with("\xE2\x80\x99");
    plain += apostrophe ? '\'' : typed[at];
    at += apostrophe ? 3 : 1;
  }
  const std::string_view word = plain;
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
  static constexpr auto plain = std::to_array<std::string_view>(
      {"is",     "are",  "was",   "were", "am",    "do",    "does", "did", "can",  "could",
       "should", "will", "would", "may",  "might", "shall", "must", "has", "have", "had"});
  static constexpr auto negated = std::to_array<std::string_view>(
      {"isn't", "aren't", "wasn't", "weren't", "don't", "doesn't", "didn't", "can't", "cannot",
       "couldn't", "shouldn't", "won't", "wouldn't", "mustn't", "hasn't", "haven't", "hadn't"});
  return is_one_of(word, plain) || is_one_of(word, negated);
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

std::string_view base_verb(std::string_view word) {
  // Words that are as often nouns (log, store, run, build) are left out: they would cut names
  // short.
  static constexpr auto verbs = std::to_array<std::string_view>(
      {"keep",       "work",    "handle",    "make",        "get",       "have",    "need",
       "happen",     "die",     "fail",      "become",      "know",      "give",    "take",
       "find",       "let",     "mean",      "compare",     "differ",    "prevent", "avoid",
       "ensure",     "decide",  "choose",    "survive",     "recover",   "behave",  "go",
       "come",       "include", "contain",   "provide",     "require",   "send",    "receive",
       "write",      "read",    "use",       "exist",       "apply",     "resume",  "compile",
       "grow",       "shrink",  "scale",     "communicate", "connect",   "detect",  "wait",
       "allow",      "crash",   "depend",    "matter",      "help",      "deal",    "guarantee",
       "protect",    "lose",    "cost",      "look",        "consist",   "define",  "support",
       "restart",    "replay",  "renew",     "expire",      "return",    "throw",   "raise",
       "create",     "delete",  "remove",    "install",     "configure", "deploy",  "upgrade",
       "add",        "accept",  "reject",    "refuse",      "ignore",    "hold",    "belong",
       "occur",      "appear",  "talk",      "speak",       "reach",     "assign",  "spawn",
       "launch",     "kill",    "terminate", "cancel",      "prune",     "encrypt", "parse",
       "validate",   "begin",   "save",      "tell",        "show",      "explain", "describe",
       "understand", "learn",   "eat",       "live",        "want",      "try",     "solve",
       "produce",    "carry",   "bring"});
  static constexpr auto irregular = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"kept", "keep"},     {"made", "make"},     {"written", "write"}, {"wrote", "write"},
       {"held", "hold"},     {"lost", "lose"},     {"sent", "send"},     {"taken", "take"},
       {"given", "give"},    {"found", "find"},    {"chosen", "choose"}, {"thrown", "throw"},
       {"known", "know"},    {"gone", "go"},       {"done", "do"},       {"came", "come"},
       {"became", "become"}, {"grew", "grow"},     {"died", "die"},      {"dies", "die"},
       {"went", "go"},       {"took", "take"},     {"gave", "give"},     {"chose", "choose"},
       {"threw", "throw"},   {"brought", "bring"}, {"meant", "mean"},    {"begun", "begin"}});
  const std::string lower = to_lower(word);
  for (const auto& [form, verb] : irregular) {
    if (lower == form) return verb;
  }
  if (lower == "has" || lower == "had") return "have";
  const std::string key = stem(lower);
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](std::string_view verb) {
    return lower == verb || stem(verb) == key;
  });
  return found == verbs.end() ? std::string_view() : *found;
}

bool is_common_verb(std::string_view word) {
  return !base_verb(word).empty();
}

bool is_person(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>(
                             {"i", "me", "you", "we", "us", "one", "someone", "somebody", "anyone",
                              "anybody", "everyone", "everybody", "people", "nobody", "myself"}));
}

bool is_adverb(std::string_view word) {
  static constexpr auto plain = std::to_array<std::string_view>(
      {"also",       "always", "never", "ever",     "again",     "only",   "already", "still",
       "even",       "just",   "too",   "together", "twice",     "once",   "here",    "now",
       "then",       "well",   "not",   "yet",      "instead",   "today",  "anyway",  "itself",
       "themselves", "so",     "soon",  "often",    "sometimes", "exactly"});
  const bool ly = word.size() > 4 && word.ends_with("ly") && to_lower(word) != "family" &&
                  to_lower(word) != "assembly" && to_lower(word) != "anomaly";
  return ly || is_one_of(word, plain);
}

bool is_connective(std::string_view word) {
  return is_one_of(word, std::to_array<std::string_view>(
                             {"and", "or", "but", "also", ",", "plus", "then", "&"}));
}

std::string lower_at(std::span<const std::string> words, std::size_t at) {
  return at < words.size() ? to_lower(words[at]) : std::string();
}

word_list slice(std::span<const std::string> words, std::size_t from, std::size_t to) {
  const std::size_t end = std::min(to, words.size());
  return from < end ? word_list(words.begin() + static_cast<std::ptrdiff_t>(from),
                                words.begin() + static_cast<std::ptrdiff_t>(end))
                    : word_list();
}

std::size_t find_word(std::span<const std::string> words,
                      std::initializer_list<std::string_view> any, std::size_t from) {
  for (std::size_t i = from; i < words.size(); ++i) {
    if (std::find(any.begin(), any.end(), to_lower(words[i])) != any.end()) return i;
  }
  return words.size();
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
