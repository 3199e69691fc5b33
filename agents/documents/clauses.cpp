#include "clauses.hpp"

#include "requests.hpp"
#include "subject.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mcp::documents {
namespace {

using view = std::span<const std::string>;

bool is_end_mark(const std::string& word) {
  return word == "?" || word == ";" || word == "." || word == "!";
}

/// "when a worker dies, what happens": a clause that goes with the one behind it.
bool is_subordinate(view clause) {
  const std::string first = lower_at(clause, 0);
  const bool opens = is_preposition(first) || first == "given" || first == "once" ||
                     first == "although" || first == "where";
  return opens && clause.size() > 2 && !is_auxiliary(clause[1]);
}

/// True when a new clause begins at `at`, given that a connective or a colon stands before it.
bool begins_clause(view words, std::size_t at, view current) {
  const std::string word = lower_at(words, at);
  const std::string before = lower_at(words, at - 1);
  const std::string after = lower_at(words, at + 1);
  if (word == "what" || word == "why" || word == "how" || word == "what's") return true;
  if (before == ":") return is_question_word(word) || is_auxiliary(word);
  if (before == ",") {
    if (is_subordinate(current)) return is_question_word(word) || is_auxiliary(word);
    // ", which" and ", when" go on with the clause, unless it is a question of its own
    const bool asks =
        !current.empty() && (is_question_word(current[0]) || is_auxiliary(current[0]));
    return asks && (word == "who" || ((word == "when" || word == "where") && is_auxiliary(after)));
  }
  if (is_question_word(word)) return true;
  if (is_auxiliary(word)) {
    return is_determiner(after) || is_pronoun(after) || is_person(after) || after == "there";
  }
  return word == "explain" || word == "describe" || word == "compare" || word == "summarize" ||
         word == "list" || (word == "tell" && after == "me");
}

bool has_content(view clause) {
  return std::any_of(clause.begin(), clause.end(), [](const std::string& word) {
    return !is_question_word(word) && !is_auxiliary(word) && !is_connective(word) &&
           to_lower(word) != "not";
  });
}

void drop_trailing(word_list& clause) {
  const auto says_nothing = [](const std::string& word) {
    const std::string lower = to_lower(word);
    return is_connective(word) || word == ":" || lower == "please" || lower == "thanks";
  };
  while (!clause.empty() && says_nothing(clause.back())) clause.pop_back();
  const std::size_t size = clause.size();
  if (size > 2 && lower_at(clause, size - 2) == "in" && lower_at(clause, size - 1) == "detail") {
    clause.resize(size - 2);
  }
}

/// A clause of nothing but "why" or "how" asks it of the clause before.
word_list complete(const word_list& bare, const word_list& previous) {
  if (previous.empty()) return bare;
  word_list out{bare.front()};
  if (is_question_word(previous[0]) && !is_auxiliary(lower_at(previous, 1))) {
    out = previous;  // "who uses a lease and why" has no order of words for the why alone
    out.emplace_back("and");
    out.push_back(bare.front());
    return out;
  }
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

/// "And a thread?" after "what is a run" asks the same of another name.
bool repeats_question(view clause, view previous) {
  const std::string verb = lower_at(previous, 1);
  return lower_at(previous, 0) == "what" && (verb == "is" || verb == "are") && clause.size() > 1 &&
         is_determiner(clause[0]) && subject_of(clause).size() == clause.size();
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

/// "I have three members." tells something; it asks nothing.
bool is_statement(view clause) {
  const std::string first = lower_at(clause, 0);
  if (is_question_word(first) || is_auxiliary(first) || is_command(first)) return false;
  return std::any_of(clause.begin(), clause.end(), [](const std::string& word) {
    const std::string lower = to_lower(word);
    return is_auxiliary(word) || is_person(word) || is_pronoun(word) || lower == "my" ||
           lower == "our";
  });
}

bool is_number(view clause) {
  return std::all_of(clause.begin(), clause.end(), [](const std::string& word) {
    return word.find_first_not_of("0123456789.)(-") == std::string::npos;
  });
}

/// The clauses in order, as they were said.
std::vector<word_list> raw_clauses(view words) {
  std::vector<word_list> raw;
  word_list current;
  word_list opening;  // a subordinate clause, which is put behind its main clause
  const auto finish = [&] {
    drop_trailing(current);
    current = plain_question(std::move(current));
    if (!current.empty() || !opening.empty()) {
      current.insert(current.end(), opening.begin(), opening.end());
      raw.push_back(std::move(current));
    }
    current.clear();
    opening.clear();
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_end_mark(words[i])) {
      finish();
      continue;
    }
    const bool after_link =
        !current.empty() && (is_connective(current.back()) || current.back() == ":");
    if (after_link && current.size() > 1 && begins_clause(words, i, current)) {
      if (current.back() == "," && is_subordinate(current)) {
        current.pop_back();
        opening = std::exchange(current, {});
        opening[0] = to_lower(opening[0]);
      } else {
        finish();
      }
    }
    if (current.empty() && is_connective(words[i])) continue;
    current.push_back(words[i]);
  }
  finish();
  return raw;
}

}  // namespace

bool has_pronoun(std::span<const std::string> clause) {
  for (std::size_t i = 0; i < clause.size(); ++i) {
    if (is_possessive(clause[i]) || refers_back(clause, i)) return true;
  }
  return false;
}

std::vector<word_list> split_clauses(std::span<const std::string> words) {
  auto raw = raw_clauses(without_contractions(words));
  const auto tells = [](const word_list& c) { return is_statement(c) || is_number(c); };
  const auto asks = [&](const word_list& c) { return !tells(c) && says_something(c); };
  if (std::any_of(raw.begin(), raw.end(), asks)) std::erase_if(raw, tells);
  std::vector<word_list> out;
  word_list subject;
  for (word_list& clause : raw) {
    if (!has_content(clause)) {
      if (out.empty()) continue;
      clause = complete(clause, out.back());
    } else if (!out.empty() && repeats_question(clause, out.back())) {
      clause.insert(clause.begin(), {"what", is_plural(clause) ? "are" : "is"});
    }
    replace_pronouns(clause, subject);
    if (word_list found = subject_of(clause); !found.empty()) subject = std::move(found);
    out.push_back(std::move(clause));
  }
  return out;
}

}  // namespace mcp::documents
