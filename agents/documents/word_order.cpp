#include "word_order.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace mcp::documents {
namespace {

bool is_amount(const std::string& lower) {
  static constexpr auto amounts = std::to_array<std::string_view>(
      {"many", "much", "long", "often", "big", "fast", "large", "far", "old", "high"});
  return std::find(amounts.begin(), amounts.end(), lower) != amounts.end();
}

bool is_to_be(const std::string& lower) {
  return lower == "is" || lower == "are" || lower == "was" || lower == "were";
}

/// `start` and the subject at `from` with its verb before it; `words` itself without such a verb.
word_list inverted(std::span<const std::string> words, const word_list& start, std::size_t from) {
  std::size_t verb = from + 1;
  while (verb < words.size() && !is_auxiliary(words[verb]) && base_verb(words[verb]).empty()) {
    ++verb;
  }
  if (verb >= words.size() || is_question_word(words[from])) return slice(words, 0);
  word_list out = start;
  const std::string lower = lower_at(words, verb);
  const word_list subject = slice(words, from, verb);
  if (is_auxiliary(lower)) {
    out.push_back(lower);
    out.insert(out.end(), subject.begin(), subject.end());
  } else {
    const std::string base(base_verb(lower));
    if (lower.ends_with("ing")) return slice(words, 0);
    out.emplace_back(lower == base ? "do" : lower.ends_with('s') ? "does" : "did");
    out.insert(out.end(), subject.begin(), subject.end());
    out.push_back(base);
  }
  const word_list rest = slice(words, verb + 1);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

bool is_direct_question(std::span<const std::string> clause) {
  const std::string first = lower_at(clause, 0);
  const std::string second = lower_at(clause, 1);
  if (is_auxiliary(first)) return true;
  if (is_preposition(first) && is_question_word(second)) return true;
  if (!is_question_word(first)) return false;
  if (clause.size() == 1 || first.starts_with("wh")) {
    const bool asks_name = first == "who" || first == "which" || first == "whose";
    const bool free = asks_name || (first.starts_with("what") && !is_determiner(second));
    return free || clause.size() == 1 || is_auxiliary(second) || second == "not";
  }
  const auto verb = std::find_if(clause.begin() + 1, clause.end(), is_auxiliary);
  return second == "to" || second == "come" || is_auxiliary(second) ||
         (verb != clause.end() && !is_determiner(second) && !is_pronoun(second));
}

word_list direct_question(word_list clause) {
  const std::string first = lower_at(clause, 0);
  const std::string second = lower_at(clause, 1);
  if (clause.size() < 3) return clause;
  if (first == "if" || first == "whether") return inverted(clause, {}, 1);
  if (is_auxiliary(second) || second == "to" || second == "come" || second == "not") return clause;
  const std::string last = lower_at(clause, clause.size() - 1);
  if (is_to_be(last)) {
    if (lower_at(clause, clause.size() - 2) == "there") {
      std::swap(clause[clause.size() - 1], clause[clause.size() - 2]);
      return clause;
    }
    const std::ptrdiff_t place = is_amount(second) && first == "how" ? 2 : 1;
    if (first == "which" || (first == "how" && clause.size() > 4 && place == 2)) return clause;
    clause.pop_back();
    clause.insert(clause.begin() + place, last);
    return clause;
  }
  if (first == "what" && (last == "does" || last == "did" || last == "do")) {
    clause.back() = "do";
    clause.insert(clause.begin() + 1, last);
    return clause;
  }
  const bool asks_way = first == "how" || first == "why" || first == "when" || first == "where";
  const bool asks_meaning = first == "what" && last == "means";
  const bool amount = first == "how" && is_amount(second);
  if (amount || !(asks_way || asks_meaning)) return clause;
  return inverted(clause, {clause[0]}, 1);
}

}  // namespace mcp::documents
