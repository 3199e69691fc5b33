#include "extract.hpp"

#include "sentences.hpp"
#include "tokens.hpp"
#include "words.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mcp::documents {
namespace {

// How much each sign counts in the score of a sentence; the first three add up to 1.
constexpr double coverage_share = 0.55;
constexpr double rank_share = 0.2;
constexpr double cue_share = 0.25;
constexpr double context_share = 0.1;
constexpr double phrase_share = 0.2;
constexpr double pair_share = 0.1;  // two terms of the question side by side

constexpr double heading_credit = 0.7;    // of a term that stands only in the heading
constexpr double expansion_credit = 0.5;  // of a sentence that has only an added term
constexpr double question_factor = 0.5;   // a sentence that asks
constexpr double dangling_factor = 0.6;   // one that begins with "it", "this" or a parenthesis
constexpr double no_cue_factor = 0.75;    // one without any cue when the type asks for one

using term_set = std::set<std::string>;

term_set terms_in(std::string_view text) {
  term_set out;
  for (token& t : tokenize(text)) {
    if (!is_stop_word(t.word)) out.insert(std::move(t.term));
  }
  return out;
}

/// Weighted share of `wanted` found in `own`, with part credit for `nearby`.
double share_of(const std::vector<std::string>& wanted, const term_set& own, const term_set& nearby,
                const bm25_index& index) {
  double found = 0.0;
  double total = 0.0;
  for (const std::string& term : wanted) {
    const double weight = index.idf(term);
    total += weight;
    found += weight * (own.contains(term) ? 1.0 : nearby.contains(term) ? heading_credit : 0.0);
  }
  return total > 0.0 ? found / total : 0.0;
}

bool has_pair(std::string_view text, const std::vector<std::string>& terms) {
  std::string previous;
  for (token& t : tokenize(text)) {
    if (t.part) continue;
    for (std::size_t i = 1; i < terms.size(); ++i) {
      if (terms[i] == t.term && terms[i - 1] == previous) return true;
    }
    previous = std::move(t.term);
  }
  return false;
}

bool contains_any(const term_set& own, const std::vector<std::string>& terms) {
  return std::any_of(terms.begin(), terms.end(),
                     [&own](const std::string& term) { return own.contains(term); });
}

bool begins_dangling(std::string_view text) {
  const std::vector<token> words = tokenize(text.substr(0, 40));
  if (words.empty()) return false;
  const std::string& first = words.front().word;
  return is_pronoun(first) || is_possessive(first) || first == "this" || first == "these" ||
         first == "that" || first == "those";
}

bool has_phrase(std::string_view text, const std::vector<std::string>& phrases) {
  const std::string own = comparable(text);
  return std::any_of(phrases.begin(), phrases.end(), [&own](const std::string& phrase) {
    return !phrase.empty() && own.find(comparable(phrase)) != std::string::npos;
  });
}

bool needs_cue(std::string_view type) {
  return type == question_type::definition || type == question_type::limits ||
         type == question_type::why || type == question_type::how_many;
}

class extractor {
 public:
  extractor(const sub_question& part, int sub_question_index, const bm25_index& index,
            const extract_options& options)
      : part_(part), number_(sub_question_index), index_(index), options_(options) {}

  void take(const hit& h, double best_rank) {
    const passage& source = index_.passages()[static_cast<std::size_t>(h.passage)];
    const double rank = best_rank > 0.0 ? h.score / best_rank : 0.0;
    term_set nearby = terms_in(source.context);
    nearby.merge(terms_in(source.path));
    // The outer headings name the document; only the two inner ones are about the passage.
    const std::size_t inner = source.headings.size() > 2 ? source.headings.size() - 2 : 0;
    for (std::size_t i = inner; i < source.headings.size(); ++i) {
      nearby.merge(terms_in(source.headings[i]));
    }
    std::vector<evidence> found;
    if (source.kind == passage_kind::code) {
      take_code(source, rank, nearby, found);
    } else {
      take_sentences(source, rank, nearby, found);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const evidence& a, const evidence& b) { return a.score > b.score; });
    const auto most = static_cast<std::size_t>(std::max(options_.max_items_per_passage, 0));
    if (found.size() > most)
      found.erase(found.begin() + static_cast<std::ptrdiff_t>(most), found.end());
    for (evidence& e : found) out_.push_back(std::move(e));
  }

  std::vector<evidence> finish() { return merge_evidence(std::move(out_), options_); }

 private:
  void take_code(const passage& source, double rank, const term_set& nearby,
                 std::vector<evidence>& found) const {
    const int lines = source.last_line - source.first_line + 1;
    if (!options_.use_code || lines > options_.max_code_lines) return;
    const sentence block{source.text, source.first_line, source.last_line, false};
    rate(source, block, source.text, rank, nearby, found);
  }

  void take_sentences(const passage& source, double rank, const term_set& nearby,
                      std::vector<evidence>& found) const {
    const std::vector<sentence> all = split_sentences(source);
    for (std::size_t i = 0; i < all.size(); ++i) {
      sentence s = all[i];
      if (!is_quotable(s.text)) continue;
      if (s.follows && begins_dangling(s.text)) {
        // What "it" stands for is in the sentence before; quote both when they fit.
        const std::size_t bytes = all[i - 1].text.size() + 1 + s.text.size();
        if (bytes <= max_sentence_bytes) {
          s.text.insert(0, all[i - 1].text + ' ');
          s.first_line = all[i - 1].first_line;
        }
      }
      rate(source, s, balance_marks(s.text), rank, nearby, found);
    }
  }

  void rate(const passage& source, const sentence& s, std::string quote, double rank,
            const term_set& nearby, std::vector<evidence>& found) const {
    const term_set own = terms_in(s.text);
    const bool has_own = contains_any(own, part_.terms);
    const bool has_added = contains_any(own, part_.expansion);
    const bool under_heading = contains_any(nearby, part_.terms);
    const bool only_heading = !has_own && !has_added;
    if (only_heading && (!under_heading || !heading_is_enough())) return;
    double coverage = share_of(part_.terms, own, nearby, index_);
    if (!has_own && has_added)
      coverage = std::max(coverage, expansion_credit * coverage_of_added(own));
    const double cue = cue_score(part_.type, s.text, part_.terms);
    double score = coverage_share * coverage + rank_share * rank + cue_share * cue +
                   context_share * share_of(part_.context, own, {}, index_) +
                   (has_pair(s.text, part_.terms) ? pair_share : 0.0) +
                   (has_phrase(s.text, part_.phrases) ? phrase_share : 0.0);
    if (s.text.ends_with('?')) score *= question_factor;
    if (begins_dangling(s.text) || s.text.starts_with('(')) score *= dangling_factor;
    if (cue <= 0.0 && (only_heading || needs_cue(part_.type))) score *= no_cue_factor;
    if (source.kind == passage_kind::row) score *= options_.row_factor;
    if (score < options_.min_score) return;
    found.push_back({std::move(quote), source.path, s.first_line, s.last_line, score, coverage, cue,
                     number_, source.headings.empty() ? std::string() : source.headings.back(),
                     source.kind});
  }

  /// A sentence below the right heading may leave its subject out, but a definition names it.
  bool heading_is_enough() const {
    return part_.type != question_type::definition && part_.type != question_type::topic;
  }

  double coverage_of_added(const term_set& own) const {
    return share_of(part_.expansion, own, {}, index_);
  }

  const sub_question& part_;
  int number_;
  const bm25_index& index_;
  const extract_options& options_;
  std::vector<evidence> out_;
};

/// Common terms as a share of the smaller sentence.
double overlap(const term_set& a, const term_set& b) {
  if (a.empty() || b.empty()) return 0.0;
  const term_set& smaller = a.size() < b.size() ? a : b;
  const term_set& larger = a.size() < b.size() ? b : a;
  const auto common = std::count_if(smaller.begin(), smaller.end(),
                                    [&larger](const std::string& t) { return larger.contains(t); });
  return static_cast<double>(common) / static_cast<double>(smaller.size());
}

}  // namespace

std::vector<evidence> choose_evidence(const sub_question& part, int sub_question_index,
                                      const std::vector<hit>& hits, const bm25_index& index,
                                      const extract_options& options) {
  extractor work(part, sub_question_index, index, options);
  const double best = hits.empty() ? 0.0 : hits.front().score;
  int looked_at = 0;
  for (const hit& h : hits) {
    if (looked_at++ >= options.max_hits) break;
    work.take(h, best);
  }
  return work.finish();
}

std::vector<evidence> merge_evidence(std::vector<evidence> items, const extract_options& options) {
  std::stable_sort(items.begin(), items.end(), [](const evidence& a, const evidence& b) {
    if (a.sub_question != b.sub_question) return a.sub_question < b.sub_question;
    if (a.score != b.score) return a.score > b.score;
    if (a.path != b.path) return a.path < b.path;
    return a.line < b.line;
  });
  std::vector<evidence> kept;
  std::vector<term_set> kept_terms;
  std::size_t group = 0;  // where the current sub-question begins in `kept`
  for (evidence& e : items) {
    if (group < kept.size() && kept[group].sub_question != e.sub_question) group = kept.size();
    if (std::cmp_greater_equal(kept.size() - group, options.max_items)) continue;
    const bool poor =
        group < kept.size() && e.score < options.min_share_of_best * kept[group].score;
    if (poor) continue;
    term_set terms = terms_in(e.text);
    bool repeats = false;
    for (std::size_t i = group; i < kept.size() && !repeats; ++i) {
      repeats = overlap(kept_terms[i], terms) >= options.near_duplicate;
    }
    if (repeats) continue;
    kept.push_back(std::move(e));
    kept_terms.push_back(std::move(terms));
  }
  return kept;
}

}  // namespace mcp::documents
