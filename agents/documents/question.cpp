#include "question.hpp"

#include "stem.hpp"
#include "tokens.hpp"
#include "utf8.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>

namespace mcp::documents {
namespace {

template <std::size_t Size>
bool has_any(const std::vector<std::string>& words,
             const std::array<std::string_view, Size>& list) {
  return std::any_of(words.begin(), words.end(), [&list](const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  });
}

constexpr auto limit_words = std::to_array<std::string_view>(
    {"limit",    "limits",    "limitation",   "limitations",   "restriction", "restrictions",
     "drawback", "drawbacks", "disadvantage", "disadvantages", "constraint",  "constraints",
     "downside", "downsides", "weakness",     "weaknesses",    "pitfall",     "pitfalls",
     "trap",     "traps",     "problems",     "caveats",       "risks"});
constexpr auto compare_words = std::to_array<std::string_view>(
    {"versus", "vs", "difference", "differences", "differ", "differs", "compare", "compared",
     "comparison", "better", "faster", "worse"});
constexpr auto reason_words = std::to_array<std::string_view>({"reason", "reasons", "rationale"});
constexpr auto amount_words = std::to_array<std::string_view>(
    {"many", "much", "often", "long", "fast", "big", "large", "high", "old", "far"});

std::string at_or_empty(const word_list& words, std::size_t at) {
  return at < words.size() ? words[at] : std::string();
}

/// What "what" and "which" ask for, given that no tell-tale word decided.
std::string type_of_what(const word_list& words) {
  const std::string next = at_or_empty(words, 1);
  if (is_auxiliary(next) || words[0] == "what's") {
    const auto preposition = std::find_if(words.begin(), words.end(), [](const std::string& w) {
      return is_preposition(w) || w == "and" || is_common_verb(w);
    });
    const bool ends_in_mark = words.back() == "?" || words.back() == ".";
    const bool meaning = at_or_empty(words, words.size() - (ends_in_mark ? 2 : 1)) == "mean";
    const bool to_be = next == "is" || next == "are" || words[0] == "what's";
    const bool plain = preposition == words.end() && to_be;
    return std::string(meaning || plain ? question_type::definition : question_type::what);
  }
  const bool plural =
      next.size() > 3 && next.ends_with('s') && !next.ends_with("ss") && !is_common_verb(next);
  return std::string(plural ? question_type::list : question_type::what);
}

std::string type_of_words(const word_list& words) {
  if (words.empty()) return std::string(question_type::topic);
  if (words.size() > 1 && is_preposition(words[0]) && is_question_word(words[1])) {
    return type_of_words(word_list(words.begin() + 1, words.end()));  // "in what order"
  }
  const std::string& first = words.front();
  const std::string next = at_or_empty(words, 1);
  if (first == "why" || (first == "how" && next == "come") || has_any(words, reason_words)) {
    return std::string(question_type::why);
  }
  if (first == "how" && has_any({next}, amount_words)) {
    return std::string(question_type::how_many);
  }
  if (has_any(words, compare_words)) return std::string(question_type::compare);
  if (first == "how") return std::string(question_type::how);
  if (has_any(words, limit_words)) return std::string(question_type::limits);
  if (first == "who" || first == "whom" || first == "whose") return std::string(question_type::who);
  if (first == "when" || first == "where") return first;
  if (first == "what" || first == "what's" || first == "which") return type_of_what(words);
  if (first == "list" || first == "enumerate" || first == "name") {
    return std::string(question_type::list);
  }
  if (is_auxiliary(first)) return std::string(question_type::yes_no);
  if (first == "define") return std::string(question_type::definition);
  return std::string(question_type::topic);
}

/// Ends a line with a question mark when it and the next one begin as questions: of a list of
/// questions nobody ends each with a mark.
std::string with_ended_lines(std::string_view text) {
  const auto begins = [](std::string_view line) {
    const word_list words = split_words(line);
    const auto first = std::find_if(words.begin(), words.end(), [](const std::string& word) {
      return word.find_first_not_of("0123456789-*.)") != std::string::npos;
    });
    return first != words.end() && (is_question_word(*first) || is_auxiliary(*first));
  };
  const auto goes_on = [](std::string_view line) {
    const word_list words = split_words(line);
    return is_connective(words.back()) ||
           std::string_view("?!.;:").find(words.back()) != std::string_view::npos;
  };
  std::string out;
  std::string_view before;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!out.empty()) out += begins(before) && !goes_on(before) && begins(line) ? "?\n" : "\n";
    out += line;
    before = line;
  }
  return out;
}

std::string_view without_marks(std::string_view quoted) {
  const std::size_t mark = quoted.starts_with("\xE2\x80\x9C") ? 3 : 1;
  return quoted.substr(mark, quoted.size() - 2 * mark);
}

}  // namespace

bool is_type_word(std::string_view lower_word) {
  static constexpr auto others = std::to_array<std::string_view>(
      {"definition", "second",    "seconds",     "meaning", "mean",    "means",     "number",
       "kind",       "kinds",     "type",        "types",   "explain", "describe",  "list",
       "define",     "summarize", "summarise",   "outline", "show",    "enumerate", "name",
       "exactly",    "actually",  "overview",    "summary", "purpose", "role",      "information",
       "info",       "details",   "description", "example", "examples"});
  const std::vector<std::string> word{std::string(lower_word)};
  return has_any(word, limit_words) || has_any(word, compare_words) ||
         has_any(word, reason_words) || has_any(word, others);
}

bool is_weak_word(std::string_view lower_word) {
  static constexpr auto weak = std::to_array<std::string_view>(
      {"say",        "says",     "said",       "mention", "mentions",  "work",     "works",
       "working",    "thing",    "things",     "happen",  "happens",   "make",     "makes",
       "use",        "used",     "using",      "uses",    "way",       "need",     "needs",
       "want",       "know",     "possible",   "stuff",   "something", "anything", "everything",
       "keep",       "keeps",    "take",       "takes",   "come",      "go",       "look",
       "find",       "matter",   "matters",    "handle",  "handled",   "deal",     "many",
       "often",      "long",     "understand", "learn",   "curious",   "wonder",   "wondering",
       "interested", "question", "questions",  "help"});
  return std::find(weak.begin(), weak.end(), lower_word) != weak.end();
}

bool has_word(std::string_view text) {
  return !tokenize(text).empty();
}

std::string type_of(std::string_view clause) {
  return type_of_words(split_words(to_lower(clause)));
}

question analyse(std::string_view text) {
  if (text.size() > max_question_bytes) {
    throw question_error("the question has " + std::to_string(text.size()) +
                         " bytes, the limit is " + std::to_string(max_question_bytes) +
                         ": ask a shorter one");
  }
  question q;
  q.text = join_words(split_words(with_ended_lines(replace_invalid_utf8(text).text)));
  q.type = type_of(q.text);
  for (const std::string& word : split_words(q.text)) {
    const bool quoted = (word.size() > 1 && word.front() == '"' && word.back() == '"') ||
                        (word.size() > 5 && word.starts_with("\xE2\x80\x9C"));
    if (quoted && !without_marks(word).empty()) q.phrases.emplace_back(without_marks(word));
  }
  for (const token& t : tokenize(q.text)) {
    if (t.part || is_stop_word(t.word)) continue;
    if (std::find(q.terms.begin(), q.terms.end(), t.term) != q.terms.end()) continue;
    q.words.push_back(t.word);
    q.terms.push_back(t.term);
  }
  return q;
}

}  // namespace mcp::documents
