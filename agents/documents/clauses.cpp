#include "clauses.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mcp::documents {
namespace {

constexpr std::size_t max_subject_words = 4;
constexpr std::size_t max_member_words = 4;

using view = std::span<const std::string>;

std::string lower_at(view words, std::size_t at) {
  return at < words.size() ? to_lower(words[at]) : std::string();
}

bool is_end_mark(const std::string& word) {
  return word == "?" || word == ";" || word == "." || word == "!";
}

bool is_connective(const std::string& lower) {
  return lower == "and" || lower == "or" || lower == "but" || lower == "also" || lower == "," ||
         lower == "plus" || lower == "then";
}

/// True when a new clause begins at `at`, given that a connective stands before it.
bool begins_clause(view words, std::size_t at) {
  const std::string word = lower_at(words, at);
  const std::string before = lower_at(words, at - 1);
  const std::string after = lower_at(words, at + 1);
  if (word == "what" || word == "why" || word == "how") return true;
  if (before == ",") return false;  // ", which" and ", when" go on with the clause
  if (is_question_word(word)) return true;
  if (is_auxiliary(word)) return is_determiner(after) || is_pronoun(after) || after == "there";
  return word == "explain" || word == "describe" || word == "compare" || word == "summarize";
}

bool has_content(view clause) {
  return std::any_of(clause.begin(), clause.end(), [](const std::string& word) {
    return !is_question_word(word) && !is_auxiliary(word) && !is_connective(to_lower(word)) &&
           to_lower(word) != "not";
  });
}

void drop_trailing(word_list& clause) {
  while (!clause.empty() && (is_connective(to_lower(clause.back())) || clause.back() == ":")) {
    clause.pop_back();
  }
}

/// Removes "please", "can you tell me" and the like before the question itself.
void drop_polite_start(word_list& clause) {
  static constexpr auto polite = std::to_array<std::string_view>(
      {"please", "can", "could", "would", "you", "tell", "me", "i", "want", "to", "know", "do",
       "like", "we", "us", "show", "explain", "describe"});
  std::size_t drop = 0;
  while (drop < clause.size() &&
         std::find(polite.begin(), polite.end(), to_lower(clause[drop])) != polite.end()) {
    ++drop;
  }
  const std::string first = lower_at(clause, 0);
  const bool begins_politely = first == "please" || lower_at(clause, 1) == "you" ||
                               first == "tell" || first == "i" || first == "show" ||
                               first == "explain" || first == "describe";
  const bool question_follows =
      drop < clause.size() && (is_question_word(clause[drop]) || is_command(clause[drop]));
  if (begins_politely && (question_follows || first == "please")) {
    const std::size_t count = question_follows ? drop : 1;
    clause.erase(clause.begin(), clause.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

/// A clause of nothing but "why" or "how" asks it of the clause before.
word_list complete(const word_list& bare, const word_list& previous) {
  if (previous.empty()) return bare;
  word_list out{bare.front()};
  const std::string start = lower_at(previous, 0) + " " + lower_at(previous, 1);
  if (start == "what is" || start == "what are") {
    out.push_back(is_plural(previous) ? "are" : "is");
    out.insert(out.end(), previous.begin() + 2, previous.end());
    out.push_back("needed");
    return out;
  }
  const bool has_question_word = is_question_word(previous.front());
  out.insert(out.end(), previous.begin() + (has_question_word ? 1 : 0), previous.end());
  return out;
}

/// "this" and "that" stand for something when no noun follows.
bool refers_back(view clause, std::size_t at) {
  const std::string word = lower_at(clause, at);
  if (is_pronoun(word)) return true;
  if (word != "this" && word != "that" && word != "these" && word != "those") return false;
  const std::string next = lower_at(clause, at + 1);
  return next.empty() || is_auxiliary(next) || is_common_verb(next) || is_preposition(next);
}

void replace_pronouns(word_list& clause, const word_list& subject) {
  if (subject.empty()) return;
  word_list out;
  for (std::size_t i = 0; i < clause.size(); ++i) {
    const bool possessive = is_possessive(clause[i]);
    if (!possessive && !refers_back(clause, i)) {
      out.push_back(clause[i]);
      continue;
    }
    out.insert(out.end(), subject.begin(), subject.end());
    if (possessive) out.back() += "'s";
  }
  clause = std::move(out);
}

word_list slice(view words, std::size_t from, std::size_t to) {
  const std::size_t end = std::min(to, words.size());
  return from < end ? word_list(words.begin() + static_cast<std::ptrdiff_t>(from),
                                words.begin() + static_cast<std::ptrdiff_t>(end))
                    : word_list();
}

std::size_t find_word(view words, std::initializer_list<std::string_view> any,
                      std::size_t from = 0) {
  for (std::size_t i = from; i < words.size(); ++i) {
    const std::string word = to_lower(words[i]);
    if (std::find(any.begin(), any.end(), word) != any.end()) return i;
  }
  return words.size();
}

/// Where the noun phrase at `from` ends.
std::size_t noun_end(view words, std::size_t from) {
  std::size_t at = from;
  while (at < words.size() && !is_preposition(words[at]) && !is_connective(to_lower(words[at]))) {
    ++at;
  }
  return at;
}

std::size_t skip_question_start(view words) {
  std::size_t at = 0;
  while (at < words.size() &&
         (is_question_word(words[at]) || is_auxiliary(words[at]) || is_command(words[at]))) {
    ++at;
  }
  return at;
}

}  // namespace

std::vector<word_list> split_clauses(std::span<const std::string> words) {
  std::vector<word_list> raw;
  word_list current;
  const auto finish = [&raw, &current] {
    drop_trailing(current);
    drop_polite_start(current);
    if (!current.empty()) raw.push_back(std::move(current));
    current.clear();
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_end_mark(words[i])) {
      finish();
      continue;
    }
    const bool after_connective = !current.empty() && is_connective(to_lower(current.back()));
    if (after_connective && current.size() > 1 && begins_clause(words, i)) finish();
    if (current.empty() && is_connective(to_lower(words[i]))) continue;
    current.push_back(words[i]);
  }
  finish();

  std::vector<word_list> out;
  word_list subject;
  for (word_list& clause : raw) {
    if (!has_content(clause)) {
      if (out.empty()) continue;
      clause = complete(clause, out.back());
    }
    replace_pronouns(clause, subject);
    if (word_list found = subject_of(clause); !found.empty()) subject = std::move(found);
    out.push_back(std::move(clause));
  }
  return out;
}

word_list subject_of(std::span<const std::string> clause) {
  std::size_t at = 0;
  // "what limits does CAF networking have": the subject follows the auxiliary.
  if (!clause.empty() && is_question_word(clause[0])) {
    for (std::size_t i = 1; i + 1 < clause.size(); ++i) {
      if (is_preposition(clause[i])) break;
      if (!is_auxiliary(clause[i])) continue;
      const std::string verb = to_lower(clause[i]);
      const bool to_be = verb == "is" || verb == "are" || verb == "was" || verb == "were";
      if (i > 1 && to_be) {  // "which store is the default" is about the store
        word_list subject = slice(clause, 1, i);
        if (!is_determiner(subject[0])) subject.insert(subject.begin(), "the");
        return subject;
      }
      at = i + 1;
      break;
    }
  }
  while (at < clause.size() && (is_question_word(clause[at]) || is_auxiliary(clause[at]) ||
                                is_common_verb(clause[at]) || is_preposition(clause[at]) ||
                                is_command(clause[at]) || lower_at(clause, at) == "there")) {
    ++at;
  }
  const std::size_t start = at;
  if (at < clause.size() && is_determiner(clause[at])) ++at;
  const std::size_t noun = at;
  while (at < clause.size() && at < noun + max_subject_words && !is_common_verb(clause[at]) &&
         !is_auxiliary(clause[at]) && !is_preposition(clause[at]) && !is_pronoun(clause[at]) &&
         !is_connective(lower_at(clause, at)) && lower_at(clause, at) != "not") {
    ++at;
  }
  return at == noun ? word_list() : slice(clause, start, at);
}

compared compared_in(std::span<const std::string> clause) {
  const std::size_t none = clause.size();
  const std::size_t start = skip_question_start(clause);
  std::size_t left = start;
  std::size_t middle = none;
  if (const std::size_t at = find_word(clause, {"between"}); at < none) {
    if (find_word(clause, {"difference", "differences", "choose", "comparison"}) > at) return {};
    left = at + 1;
    middle = find_word(clause, {"and"}, left);
  } else if (lower_at(clause, 0) == "compare") {
    left = 1;
    middle = find_word(clause, {"and", "with", "to", "versus", "vs"}, left);
  } else if (find_word(clause, {"versus", "vs"}) < none) {
    middle = find_word(clause, {"versus", "vs"});
  } else if (const std::size_t differ = find_word(clause, {"differ", "differs", "compare"});
             differ < none) {
    const std::size_t from = find_word(clause, {"from", "to", "with"}, differ);
    const std::size_t both = find_word(clause, {"and"}, start);
    if (from < none) {
      return {slice(clause, start, differ), slice(clause, from + 1, noun_end(clause, from + 1))};
    }
    if (both > differ) return {};
    return {slice(clause, start, both), slice(clause, both + 1, differ)};
  } else if (const std::size_t than = find_word(clause, {"than"});
             than < none && than > start + 1) {
    return {slice(clause, start, than - 1), slice(clause, than + 1, noun_end(clause, than + 1))};
  }
  if (middle >= none) return {};
  const std::size_t right = middle + 1;
  compared sides{slice(clause, left, middle), slice(clause, right, noun_end(clause, right))};
  // "sync versus async durability" compares two durabilities.
  if (sides.left.size() == 1 && sides.right.size() == 2 && !is_determiner(sides.right[0])) {
    sides.left.push_back(sides.right[1]);
  }
  return sides.left.empty() || sides.right.empty() ? compared{} : sides;
}

std::vector<word_list> listed_in(std::span<const std::string> clause) {
  const std::string first = lower_at(clause, 0);
  const std::string second = lower_at(clause, 1);
  const bool what = first == "what" && (second == "is" || second == "are");
  const bool command = first == "define" || first == "explain" || first == "describe";
  const bool works = first == "how" && (second == "do" || second == "does") &&
                     (lower_at(clause, clause.size() - 1) == "work");
  if (!what && !command && !works) return {};
  const std::size_t from = command ? 1 : 2;
  const word_list body = slice(clause, from, works ? clause.size() - 1 : clause.size());
  if (std::any_of(body.begin(), body.end(), is_preposition)) return {};
  std::vector<word_list> members = split_list(body);
  const bool short_members =
      std::all_of(members.begin(), members.end(),
                  [](const word_list& member) { return member.size() <= max_member_words; });
  if (members.size() < 2 || !short_members) return {};
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

bool is_plural(std::span<const std::string> noun) {
  if (noun.empty()) return false;
  const std::string last = to_lower(noun.back());
  const bool singular_s = last.ends_with("ss") || last.ends_with("us") || last.ends_with("is");
  return last.size() > 3 && last.ends_with('s') && !singular_s;
}

}  // namespace mcp::documents
