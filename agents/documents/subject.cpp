#include "subject.hpp"

#include "question.hpp"
#include "tokens.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace mcp::documents {
namespace {

constexpr std::size_t max_subject_words = 4;

bool is_be(std::string_view lower) {
  return lower == "is" || lower == "are" || lower == "was" || lower == "were";
}

/// "supported", "is shared between": ends a name that has begun, unless a noun follows it.
bool is_participle(std::span<const std::string> clause, std::size_t at) {
  const std::string word = lower_at(clause, at);
  const bool ed = word.size() > 4 && word.ends_with("ed");
  return ed && (at + 1 >= clause.size() || is_preposition(clause[at + 1]) ||
                is_connective(clause[at + 1]));
}

bool is_quantifier(const std::string& lower) {
  return lower == "all" || lower == "any" || lower == "every" || lower == "each" ||
         lower == "some" || lower == "both";
}

/// What ends the name that begins in a clause.
enum class phrase_end : std::uint8_t { nothing, verb, preposition, determiner, other };

struct noun_phrase {
  word_list words;  ///< with the determiner
  std::size_t nouns = 0;
  phrase_end end = phrase_end::nothing;
  std::size_t next = 0;  ///< the word behind it
};

noun_phrase phrase_at(std::span<const std::string> clause, std::size_t start) {
  noun_phrase found;
  while (is_quantifier(lower_at(clause, start))) ++start;
  std::size_t at = start;
  if (at < clause.size() && is_determiner(clause[at])) ++at;
  const std::size_t noun = at;
  const bool determined = noun > start;
  for (; at < clause.size() && at < noun + max_subject_words; ++at) {
    const std::string& word = clause[at];
    const bool may_be_verb = at > noun || !determined;
    if (is_determiner(word)) found.end = phrase_end::determiner;
    if (is_preposition(word)) found.end = phrase_end::preposition;
    if (is_auxiliary(word) || lower_at(clause, at) == "be" || lower_at(clause, at) == "been" ||
        (may_be_verb && is_common_verb(word)) || (at > noun && is_participle(clause, at))) {
      found.end = phrase_end::verb;
    }
    if (is_pronoun(word) || is_person(word) || is_connective(word) || is_adverb(word) ||
        is_question_word(word)) {
      found.end = phrase_end::other;
    }
    if (found.end != phrase_end::nothing) break;
  }
  if (at < clause.size() && found.end == phrase_end::nothing) found.end = phrase_end::other;
  found.nouns = at - noun;
  found.words = found.nouns == 0 ? word_list() : slice(clause, start, at);
  found.next = at;
  return found;
}

/// The subject that stands behind its verb: "is the log durable", "how does the log grow".
word_list inverted_subject(std::span<const std::string> clause, std::size_t verb) {
  const std::string first = lower_at(clause, 0);
  std::size_t at = verb + 1;
  if (lower_at(clause, at) == "there") ++at;
  noun_phrase found = phrase_at(clause, at);
  if (!is_be(lower_at(clause, verb))) {  // another verb has to follow
    return found.end == phrase_end::verb ? found.words : word_list();
  }
  const bool whole = first == "what" || first == "where" || found.end == phrase_end::verb ||
                     found.end == phrase_end::determiner;
  if (whole) return found.end == phrase_end::other ? word_list() : found.words;
  // "is storage linear": the last word is what is said of it. With more words, who knows.
  if (found.end == phrase_end::nothing && found.nouns == 2) {
    found.words.pop_back();
    return found.words;
  }
  return found.end == phrase_end::preposition && found.nouns == 1 ? found.words : word_list();
}

word_list found_subject(std::span<const std::string> clause) {
  const std::string first = lower_at(clause, 0);
  if (is_auxiliary(first)) return inverted_subject(clause, 0);
  std::size_t at = 0;
  if (is_question_word(first)) {
    if (lower_at(clause, 1) == "to") return {};
    for (std::size_t i = 1; i < clause.size() && !is_preposition(clause[i]); ++i) {
      if (!is_auxiliary(clause[i])) continue;
      // "which store is the default" is about the store
      if (i == 1 || !is_be(lower_at(clause, i))) {
        word_list subject = inverted_subject(clause, i);
        // "which stores can I use" is about the stores
        if (i == 1 || !subject.empty()) return subject;
      }
      word_list subject = slice(clause, first == "how" ? 2 : 1, i);
      if (!subject.empty() && !is_determiner(subject[0])) subject.insert(subject.begin(), "the");
      return subject;
    }
    at = first == "who" ? 2 : 1;  // "who holds a lease" is about the lease
    if (first == "what" && !is_common_verb(lower_at(clause, 1))) return {};  // a verb, or a name?
  } else if (std::any_of(clause.begin(), clause.end(), [](const std::string& word) {
               return is_auxiliary(word) || is_pronoun(word) || is_person(word);
             })) {
    return {};  // a statement
  } else if (is_common_verb(first) && clause.size() == 1) {
    return {};
  }
  while (at < clause.size() && (is_common_verb(clause[at]) || is_preposition(clause[at]) ||
                                is_command(clause[at]) || lower_at(clause, at) == "there")) {
    ++at;
  }
  const noun_phrase found = phrase_at(clause, at);
  return found.end == phrase_end::other ? word_list() : found.words;
}

/// "the recovery of a run" as a whole; only what is before "of" when the rest is no name.
word_list with_owner(std::span<const std::string> clause, word_list subject) {
  const auto end = std::search(clause.begin(), clause.end(), subject.begin(), subject.end());
  const auto at = static_cast<std::size_t>(end - clause.begin()) + subject.size();
  const std::string link = lower_at(clause, at);
  if (link == "between" && !subject.empty()) return {};
  if (subject.empty() || link != "of") return subject;
  const noun_phrase owner = phrase_at(clause, at + 1);
  if (owner.words.empty() || owner.end == phrase_end::other) return {};
  subject.emplace_back("of");
  subject.insert(subject.end(), owner.words.begin(), owner.words.end());
  return subject;
}

}  // namespace

bool says_something(std::span<const std::string> words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    const std::string lower = to_lower(word);
    return !is_determiner(word) && !is_stop_word(lower) && !is_type_word(lower) &&
           !is_weak_word(lower) && lower != "new" && lower != "now";
  });
}

word_list subject_of(std::span<const std::string> clause) {
  word_list subject = found_subject(clause);
  // "the reason for leases" is about leases
  if (!subject.empty() && !says_something(subject)) {
    const std::size_t link = find_word(clause, {"of", "for", "to", "in", "with"});
    subject = phrase_at(clause, std::min(link + 1, clause.size())).words;
  } else {
    subject = with_owner(clause, std::move(subject));
  }
  if (subject.empty() || !says_something(subject)) return {};
  if (is_determiner(subject[0])) subject[0] = to_lower(subject[0]);
  const bool somebodys = subject[0] == "my" || subject[0] == "your" || subject[0] == "our";
  return somebodys ? word_list() : subject;
}

bool is_plural(std::span<const std::string> noun) {
  const auto link = std::find_if(noun.begin(), noun.end(), is_preposition);
  if (find_word(noun.first(static_cast<std::size_t>(link - noun.begin())), {"and"}) <
      static_cast<std::size_t>(link - noun.begin())) {
    return true;
  }
  if (link == noun.begin()) return false;
  const std::string last = to_lower(*(link - 1));
  const bool singular_s = last.ends_with("ss") || last.ends_with("us") || last.ends_with("is");
  return last.size() > 3 && last.ends_with('s') && !singular_s;
}

}  // namespace mcp::documents
