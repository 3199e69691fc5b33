#include "comparison.hpp"

#include "subject.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace mcp::documents {
namespace {

constexpr std::size_t max_member_words = 4;
constexpr std::size_t max_side_words = 6;

/// A name, rather than a piece of another sentence.
bool is_name(const word_list& words, std::size_t most_words) {
  return !words.empty() && words.size() <= most_words &&
         std::none_of(words.begin(), words.end(), [](const std::string& word) {
           return is_question_word(word) || is_auxiliary(word) || is_pronoun(word) ||
                  is_person(word);
         });
}

/// Where the noun phrase at `from` ends.
std::size_t noun_end(std::span<const std::string> words, std::size_t from) {
  std::size_t at = from;
  while (at < words.size() && !is_preposition(words[at])) ++at;
  return at;
}

/// The names between `from` and `to`, which "and", "or", a comma or one of `links` separate.
std::vector<word_list> sides_in(std::span<const std::string> words, std::size_t from,
                                std::size_t to,
                                std::initializer_list<std::string_view> links = {}) {
  word_list region = slice(words, from, to);
  for (std::string& word : region) {
    if (std::find(links.begin(), links.end(), to_lower(word)) != links.end()) word = "and";
  }
  auto sides = split_list(region);
  // "sync versus async durability" compares two durabilities.
  if (sides.size() == 2 && sides[0].size() == 1 && sides[1].size() == 2 &&
      !is_determiner(sides[1][0])) {
    sides[0].push_back(sides[1][1]);
  }
  return sides;
}

std::size_t skip_question_start(std::span<const std::string> words) {
  std::size_t at = 0;
  while (at < words.size() &&
         (is_question_word(words[at]) || is_auxiliary(words[at]) || is_command(words[at]))) {
    ++at;
  }
  return at;
}

/// "faster", "better": what may stand before "than" and after "which is".
bool is_comparative(const std::string& lower) {
  return lower == "better" || lower == "worse" || lower == "best" || lower == "preferable" ||
         (lower.size() > 4 && (lower.ends_with("er") || lower.ends_with("est")));
}

std::vector<word_list> sides_of(std::span<const std::string> clause) {
  const std::size_t none = clause.size();
  const std::size_t start = skip_question_start(clause);
  const std::size_t kind = find_word(
      clause, {"difference", "differences", "differ", "differs", "different", "distinction",
               "distinguish", "choose", "choice", "comparison", "compare", "compares", "compared"});
  if (const std::size_t at = find_word(clause, {"between"}); at < none) {
    return kind < at ? sides_in(clause, at + 1, noun_end(clause, at + 1))
                     : std::vector<word_list>{};
  }
  if (lower_at(clause, 0) == "compare") {
    return sides_in(clause, 1, none, {"with", "to", "versus", "vs", "against"});
  }
  if (const std::size_t at = find_word(clause, {"versus", "vs"}); at < none) {
    return sides_in(clause, start, noun_end(clause, at + 1), {"versus", "vs"});
  }
  const std::size_t verb =
      find_word(clause, {"differ", "differs", "different", "compare", "compares", "compared"});
  if (verb < none && verb > start) {
    const std::size_t from = find_word(clause, {"from", "to", "with"}, verb);
    if (from < none) {
      return {slice(clause, start, verb), slice(clause, from + 1, noun_end(clause, from + 1))};
    }
    return sides_in(clause, start, verb);
  }
  if (const std::size_t than = find_word(clause, {"than"});
      than < none && than > start + 1 && start > 0 && is_comparative(lower_at(clause, than - 1))) {
    return {slice(clause, start, than - 1), slice(clause, than + 1, noun_end(clause, than + 1))};
  }
  if (find_word(clause, {"or"}) == none) return {};
  // "which is faster, A or B", "should I take A or B", "A or B"
  if (start > 0 && is_comparative(lower_at(clause, start))) {
    return sides_in(clause, start + 1, noun_end(clause, start + 1));
  }
  const std::size_t choice = find_word(clause, {"use", "take", "choose", "prefer", "pick"});
  if (choice < none && choice == start + 1 && is_person(clause[start])) {
    return sides_in(clause, choice + 1, noun_end(clause, choice + 1));
  }
  return start == 0 ? sides_in(clause, 0, none) : std::vector<word_list>{};
}

}  // namespace

std::vector<word_list> compared_in(std::span<const std::string> clause) {
  auto sides = sides_of(clause);
  const bool names = std::all_of(sides.begin(), sides.end(), [](const word_list& side) {
    return is_name(side, max_side_words);
  });
  return sides.size() > 1 && names ? sides : std::vector<word_list>{};
}

std::vector<word_list> listed_in(std::span<const std::string> clause) {
  const std::string first = lower_at(clause, 0);
  const std::string second = lower_at(clause, 1);
  const bool what = first == "what" && (second == "is" || second == "are");
  const bool works = first == "how" && (second == "do" || second == "does") &&
                     (lower_at(clause, clause.size() - 1) == "work");
  const bool bare = !is_question_word(first) && !is_auxiliary(first) && !is_command(first);
  if (!what && !works && !bare) return {};
  const word_list body = slice(clause, bare ? 0 : 2, works ? clause.size() - 1 : clause.size());
  if (std::any_of(body.begin(), body.end(), is_preposition)) return {};
  std::vector<word_list> members = split_list(body);
  const bool names = std::all_of(members.begin(), members.end(), [](const word_list& member) {
    return is_name(member, max_member_words);
  });
  // "terms and conditions" may be one subject, "leases, forks and drains" are three.
  if (members.size() < (bare ? 3 : 2) || !names) return {};
  for (word_list& member : members) {
    const bool plural = is_plural(member);
    if (works) {
      member.insert(member.begin(), {"how", plural ? "do" : "does"});
      member.emplace_back("work");
    } else {
      member.insert(member.begin(), {"what", plural ? "are" : "is"});
    }
  }
  return members;
}

}  // namespace mcp::documents
