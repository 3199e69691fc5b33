#pragma once

#include "passages.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mcp::documents {

/// Weights of the ranking. Each is zero or more.
struct bm25_options {
  double k1 = 1.2;              ///< how soon repeating a term stops to pay
  double b = 0.6;               ///< how much long passages are held back, 0 to 1
  double heading_weight = 1.5;  ///< an occurrence in the innermost heading, in occurrences
  double outer_weight = 0.4;    ///< one in an outer heading, the context or the file name
  double code_weight = 0.6;     ///< factor for code blocks
  double pair_bonus = 0.3;      ///< two terms side by side as in the query, in IDF
  double phrase_bonus = 2.0;    ///< a quoted phrase, in IDF
  double coordination = 0.5;    ///< share of the score that depends on how many terms matched
  double focus_factor = 3.0;    ///< factor for passages of `search_query::focus_paths`
};

struct weighted_term {
  std::string term;  ///< stemmed
  double weight = 1.0;
};

struct search_query {
  std::vector<weighted_term> terms;
  std::vector<std::vector<std::string>> phrases;  ///< stemmed words, stop words included
  std::vector<std::string> focus_paths;           ///< documents to prefer
};

struct hit {
  int passage = 0;  ///< index into `bm25_index::passages()`
  double score = 0.0;
};

/// An inverted index over passages, ranked with Okapi BM25.
///
/// Building takes time and memory linear in the text. `search` visits only passages that have a
/// term of the query. Immutable after construction, so any number of threads may search.
class bm25_index {
 public:
  explicit bm25_index(std::vector<passage> passages, const bm25_options& options = {});

  /// The best `k` passages, best first; equal scores by path, then by line. Empty when no term of
  /// the query occurs. The same query always gives the same answer.
  std::vector<hit> search(const search_query& query, int k) const;

  const std::vector<passage>& passages() const { return passages_; }

  /// Number of passages that have the term, headings and context included.
  int document_frequency(std::string_view term) const;

  /// How telling a term is: near 0 when every passage has it, highest when none has.
  double idf(std::string_view term) const;

  /// Distinct stemmed content terms of a passage's own text, in order of first appearance.
  std::vector<std::string> terms_of(int passage) const;

 private:
  struct posting {
    int passage;
    float occurrences;
  };
  using term_id = std::uint32_t;

  void add(int passage);
  term_id id_of(const std::string& term);
  const term_id* find(std::string_view term) const;
  double idf_of(std::size_t frequency) const;
  std::vector<hit> match_terms(const search_query& query) const;
  double passage_factor(const search_query& query, const passage& p) const;
  double phrase_score(const search_query& query, int passage) const;

  bm25_options options_;
  std::vector<passage> passages_;
  std::unordered_map<std::string, term_id> ids_;
  std::vector<std::string> terms_;
  std::vector<bool> stop_;
  std::vector<std::vector<posting>> postings_;
  std::vector<std::vector<term_id>> words_;  // of each passage's text in order
  std::vector<float> lengths_;
  double average_length_ = 1.0;
};

}  // namespace mcp::documents
