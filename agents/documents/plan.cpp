#include "plan.hpp"

#include "clauses.hpp"
#include "comparison.hpp"
#include "subject.hpp"
#include "tokens.hpp"
#include "utf8.hpp"
#include "word_order.hpp"
#include "words.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mcp::documents {
namespace {

// A term of the part itself weighs 1.
constexpr double expansion_weight = 0.4;
constexpr double context_weight = 0.15;

constexpr std::size_t max_facet_subject_words = 5;
constexpr std::size_t max_phrase_words = 12;  // of a quoted string that are searched for

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// "how does X work" as a sentence: capital letter, question mark.
std::string as_sentence(const word_list& clause) {
  std::string text = join_words(clause);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return is_direct_question(clause) ? text + "?" : text;
}

word_list about(std::initializer_list<std::string> start, const word_list& subject) {
  word_list out(start);
  out.insert(out.end(), subject.begin(), subject.end());
  return out;
}

std::string definition_text(const word_list& subject) {
  return as_sentence(about({"what", is_plural(subject) ? "are" : "is"}, subject));
}

std::string working_text(const word_list& subject) {
  word_list clause = about({"how", is_plural(subject) ? "do" : "does"}, subject);
  clause.emplace_back("work");
  return as_sentence(clause);
}

std::string limits_text(const word_list& subject) {
  return as_sentence(about({"what", "are", "the", "limits", "of"}, subject));
}

std::string difference_text(const std::vector<word_list>& sides) {
  word_list clause{"how", "do"};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (i > 0) clause.emplace_back(i + 1 == sides.size() ? "and" : ",");
    clause.insert(clause.end(), sides[i].begin(), sides[i].end());
  }
  clause.emplace_back("differ");
  return as_sentence(clause);
}

/// The texts of the parts that one clause stands for.
std::vector<std::string> parts_of(const word_list& clause) {
  std::vector<std::string> out;
  if (const auto sides = compared_in(clause); !sides.empty()) {
    for (const word_list& side : sides) out.push_back(definition_text(side));
    out.push_back(difference_text(sides));
    return out;
  }
  for (const word_list& member : listed_in(clause)) out.push_back(as_sentence(member));
  if (out.empty()) out.push_back(as_sentence(clause));
  return out;
}

/// Questions worth asking about the subject besides the one that was asked.
std::vector<std::string> facets_of(const std::string& type, const word_list& subject) {
  if (type == question_type::definition || type == question_type::topic) {
    return {working_text(subject), limits_text(subject)};
  }
  if (type == question_type::how) return {definition_text(subject), limits_text(subject)};
  if (type == question_type::why) return {definition_text(subject), working_text(subject)};
  return {definition_text(subject)};
}

void add_facets(research_plan& plan, const word_list& clause, const question& asked,
                const plan_limits& limits) {
  const word_list subject = subject_of(clause);
  if (subject.empty() || subject.size() > max_facet_subject_words) return;
  // Several words with a question mark and in no form of a question are no keywords.
  const bool keywords = plan.parts[0].type != question_type::topic || clause.size() <= 2 ||
                        !asked.text.ends_with('?');
  const bool of_a_word = lower_at(clause, clause.size() - 1) == "mean";
  if (!keywords || of_a_word) return;
  int added = 0;
  for (const std::string& text : facets_of(plan.parts[0].type, subject)) {
    const bool room = std::cmp_less(plan.parts.size(), limits.max_sub_questions);
    if (added >= limits.max_facets || !room) return;
    sub_question facet = make_sub_question(text, asked, false);
    const bool same = facet.text == plan.parts[0].text ||
                      (facet.type == plan.parts[0].type && facet.terms == plan.parts[0].terms);
    if (facet.terms.empty() || same) continue;
    plan.parts.push_back(std::move(facet));
    ++added;
  }
}

/// The question as its own and only part, with whatever words it has.
sub_question undivided(const question& asked) {
  sub_question part = make_sub_question(asked.text, asked);
  part.words = asked.words;
  part.terms = asked.terms;
  part.query_terms = asked.terms;
  part.context.clear();
  return part;
}

/// "where is it" has no words of its own: it is searched for with those of the part before.
void lend_words(sub_question& part, const sub_question& before) {
  part.words = before.words;
  part.terms = before.terms;
  part.query_terms = before.terms;
  std::erase_if(part.context,
                [&part](const std::string& term) { return contains(part.terms, term); });
}

}  // namespace

sub_question make_sub_question(std::string_view text, const question& whole, bool required) {
  const question own = analyse(text);
  sub_question part;
  part.text = own.text;
  part.type = own.type;
  part.required = required;
  part.phrases = own.phrases;
  part.focus_paths = whole.focus_paths;
  // Words that name the kind of answer or say little are dropped first; if nothing would be left,
  // the weak ones have to do.
  for (const bool allow_weak : {false, true}) {
    for (std::size_t i = 0; i < own.terms.size(); ++i) {
      if (is_type_word(own.words[i]) || (!allow_weak && is_weak_word(own.words[i]))) continue;
      part.words.push_back(own.words[i]);
      part.terms.push_back(own.terms[i]);
    }
    if (!part.terms.empty()) break;
  }
  for (const std::vector<std::string>* terms : {&own.terms, &whole.terms}) {
    for (const std::string& term : *terms) {
      if (!contains(part.terms, term) && !contains(part.context, term))
        part.context.push_back(term);
    }
  }
  part.query_terms = part.terms;
  return part;
}

research_plan make_plan(const question& asked, const plan_limits& limits) {
  research_plan plan;
  const std::vector<word_list> clauses = split_clauses(split_words(asked.text));
  int left_out = 0;
  for (const word_list& clause : clauses) {
    for (const std::string& text : parts_of(clause)) {
      sub_question part = make_sub_question(text, asked);
      if (part.terms.empty() && has_pronoun(clause) && !plan.parts.empty()) {
        lend_words(part, plan.parts.back());
      }
      const bool known =
          std::any_of(plan.parts.begin(), plan.parts.end(),
                      [&part](const sub_question& other) { return other.text == part.text; });
      if (part.terms.empty() || known) continue;
      if (std::cmp_less(plan.parts.size(), limits.max_sub_questions)) {
        plan.parts.push_back(std::move(part));
      } else {
        ++left_out;
      }
    }
  }
  if (left_out > 0) {
    plan.notes.push_back(std::to_string(left_out) + " more parts of the question were left out; " +
                         "the limit is " + std::to_string(limits.max_sub_questions));
  }
  if (plan.parts.empty() && !asked.terms.empty()) {
    plan.parts.push_back(undivided(asked));
  } else if (plan.parts.size() == 1 && clauses.size() == 1) {
    add_facets(plan, clauses[0], asked, limits);
  }
  return plan;
}

search_query to_query(const sub_question& part) {
  search_query query;
  const auto add = [&query](const std::vector<std::string>& terms, double weight) {
    for (const std::string& term : terms) {
      const bool known =
          std::any_of(query.terms.begin(), query.terms.end(),
                      [&term](const weighted_term& other) { return other.term == term; });
      if (!known) query.terms.push_back({term, weight});
    }
  };
  add(part.query_terms, 1.0);
  add(part.expansion, expansion_weight);
  add(part.context, context_weight);
  for (const std::string& phrase : part.phrases) {
    std::vector<std::string> words;
    for (const token& t : tokenize(phrase)) {
      if (!t.part && words.size() < max_phrase_words) words.push_back(t.term);
    }
    query.phrases.push_back(std::move(words));
  }
  query.focus_paths = part.focus_paths;
  return query;
}

}  // namespace mcp::documents
