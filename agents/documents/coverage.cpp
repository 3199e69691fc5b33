#include "coverage.hpp"

#include "synonyms.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace mcp::documents {
namespace {

using term_list = std::vector<std::string>;

bool has_term(const term_list& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string join(const term_list& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

std::string in_quotes(const term_list& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "\"" : ", \"") + word + '"';
  return out;
}

struct proposal {
  term_list terms;
  term_list expansion;
  std::string change;
};

sub_question with(const sub_question& part, const proposal& next) {
  sub_question out = part;
  out.query_terms = next.terms;
  out.expansion = next.expansion;
  return out;
}

/// Terms that stand out in the best passages for the query and are not in it yet.
term_list related_terms(const sub_question& part, const bm25_index& index,
                        const coverage_options& options) {
  std::map<std::string, int> counts;
  for (const hit& h : index.search(to_query(part), options.feedback_passages)) {
    for (const std::string& term : index.terms_of(h.passage)) ++counts[term];
  }
  std::vector<std::pair<double, std::string>> ranked;
  for (const auto& [term, count] : counts) {
    const bool known = has_term(part.query_terms, term) || has_term(part.expansion, term);
    constexpr int min_passages = 2;  // a term of one passage is its own, not the subject's
    const bool number = term.find_first_not_of("0123456789.,") == std::string::npos;
    if (known || number || term.size() < 3 || count < min_passages) continue;
    ranked.emplace_back(static_cast<double>(count) * index.idf(term), term);
  }
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  term_list out;
  for (const auto& [score, term] : ranked) {
    if (std::cmp_less(out.size(), options.feedback_terms)) out.push_back(term);
  }
  return out;
}

/// New queries in the order in which they are worth trying.
std::vector<proposal> proposals(const sub_question& part, const bm25_index& index,
                                const coverage_options& options) {
  std::vector<proposal> out;
  term_list present;
  term_list absent;
  for (const std::string& term : part.query_terms) {
    (index.document_frequency(term) > 0 ? present : absent).push_back(term);
  }
  term_list synonyms = part.expansion;
  for (const std::string& term : part.terms) {
    for (const std::string& synonym : synonyms_of(term)) {
      const bool useful = index.document_frequency(synonym) > 0;
      if (useful && !has_term(synonyms, synonym) && !has_term(present, synonym)) {
        synonyms.push_back(synonym);
      }
    }
  }
  if (synonyms.size() > part.expansion.size()) {
    // Without any present term the synonyms are the query.
    const bool lone = present.empty();
    out.push_back({lone ? synonyms : present, synonyms,
                   "adds words of like meaning: " + join(synonyms, ", ")});
  }
  if (!absent.empty() && !present.empty()) {
    out.push_back(
        {present, part.expansion, "drops what the folder does not have: " + join(absent, ", ")});
  }
  if (const term_list related = related_terms(part, index, options); !related.empty()) {
    term_list expansion = part.expansion;
    expansion.insert(expansion.end(), related.begin(), related.end());
    out.push_back({present, expansion, "adds words found nearby: " + join(related, ", ")});
  }
  if (present.size() > 1) {
    const auto rarest = std::max_element(present.begin(), present.end(),
                                         [&index](const std::string& a, const std::string& b) {
                                           return index.idf(a) < index.idf(b);
                                         });
    const std::string dropped = *rarest;
    term_list fewer = present;
    std::erase(fewer, dropped);
    out.push_back({fewer, part.expansion, "drops the rarest word: " + dropped});
  }
  return out;
}

/// Words of the sub-question that none of its quotations has, nor the heading above one.
term_list absent_words(const sub_question& part, const std::vector<evidence>& own) {
  std::set<std::string> seen;
  for (const evidence& e : own) {
    for (token& t : tokenize(e.text)) seen.insert(std::move(t.term));
    for (token& t : tokenize(e.heading)) seen.insert(std::move(t.term));
  }
  term_list out;
  for (std::size_t i = 0; i < part.terms.size(); ++i) {
    if (!seen.contains(part.terms[i])) out.push_back(part.words[i]);
  }
  return out;
}

/// What an answer of this type must have and the best sentence has not; nothing when it fits.
std::string lacking_kind(std::string_view type, double cue, const coverage_options& options) {
  if (type == question_type::definition && cue < options.definition_cue) {
    return "no sentence defines it; those that use the word are quoted";
  }
  if (cue > 0.0) return {};
  if (type == question_type::why) return "no sentence gives a reason";
  if (type == question_type::how_many) return "no sentence gives a number";
  return {};
}

verdict judge(const sub_question& part, int number, const std::vector<evidence>& own,
              const bm25_index& index, const coverage_options& options) {
  verdict v;
  v.sub_question = number;
  v.absent_words = absent_words(part, own);
  double coverage = 0.0;
  double score = 0.0;
  double cue = 0.0;
  for (const evidence& e : own) {
    coverage = std::max(coverage, e.coverage);
    score = std::max(score, e.score);
    cue = std::max(cue, e.cue);
  }
  term_list unknown;
  for (std::size_t i = 0; i < part.terms.size(); ++i) {
    if (index.document_frequency(part.terms[i]) == 0) unknown.push_back(part.words[i]);
  }
  if (own.empty()) {
    v.state = coverage_state::missing;
    v.reason = unknown.empty() ? "no sentence says enough about it"
                               : "the folder does not have " + in_quotes(unknown);
  } else if (!unknown.empty()) {
    v.state = coverage_state::weak;
    v.reason = "the folder does not have " + in_quotes(unknown);
  } else if (coverage < options.covered_coverage) {
    v.state = coverage_state::weak;
    v.reason = v.absent_words.empty() ? "no single sentence has all of its words"
                                      : "no quoted sentence has " + in_quotes(v.absent_words);
  } else if (score < options.covered_score) {
    v.state = coverage_state::weak;
    v.reason = "the sentences found fit only loosely";
  } else if (const std::string lack = lacking_kind(part.type, cue, options); !lack.empty()) {
    v.state = coverage_state::weak;
    v.reason = lack;
  } else {
    v.state = coverage_state::covered;
  }
  return v;
}

}  // namespace

std::string query_key(const sub_question& part) {
  term_list terms = part.query_terms;
  term_list expansion = part.expansion;
  std::sort(terms.begin(), terms.end());
  std::sort(expansion.begin(), expansion.end());
  return part.text + '|' + join(terms, " ") + '|' + join(expansion, " ");
}

std::vector<verdict> review(const std::vector<sub_question>& parts,
                            const std::vector<evidence>& found, const bm25_index& index,
                            const std::vector<std::string>& tried, int round,
                            const coverage_options& options) {
  std::vector<verdict> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const sub_question& part = parts[i];
    const auto number = static_cast<int>(i);
    std::vector<evidence> own;
    std::copy_if(found.begin(), found.end(), std::back_inserter(own),
                 [number](const evidence& e) { return e.sub_question == number; });
    verdict v = judge(part, number, own, index, options);
    const int rounds = part.required ? options.max_rounds : options.max_facet_rounds;
    if (v.state != coverage_state::covered && round < rounds) {
      for (proposal& next : proposals(part, index, options)) {
        const std::string key = query_key(with(part, next));
        if (key == query_key(part) || has_term(tried, key)) continue;
        v.retry = true;
        v.query_terms = std::move(next.terms);
        v.expansion = std::move(next.expansion);
        v.change = std::move(next.change);
        break;
      }
    }
    out.push_back(std::move(v));
  }
  return out;
}

std::vector<int> apply_verdicts(std::vector<sub_question>& parts,
                                const std::vector<verdict>& verdicts) {
  std::vector<int> again;
  for (const verdict& v : verdicts) {
    const bool known = v.sub_question >= 0 && std::cmp_less(v.sub_question, parts.size());
    if (!v.retry || !known) continue;
    sub_question& part = parts[static_cast<std::size_t>(v.sub_question)];
    part.query_terms = v.query_terms;
    part.expansion = v.expansion;
    again.push_back(v.sub_question);
  }
  return again;
}

}  // namespace mcp::documents
