#pragma once

#include "bm25.hpp"
#include "extract.hpp"
#include "plan.hpp"

#include <string>
#include <vector>

namespace mcp::documents {

/// The values of `verdict::state`.
namespace coverage_state {
inline constexpr std::string_view covered = "covered";
inline constexpr std::string_view weak = "weak";        ///< something was found, not enough
inline constexpr std::string_view missing = "missing";  ///< nothing was found
}  // namespace coverage_state

/// The critic's word on one sub-question.
struct verdict {
  int sub_question = 0;
  std::string state;
  std::string reason;                     ///< why not covered; empty when covered
  std::vector<std::string> absent_words;  ///< words of the sub-question no quotation has
  bool retry = false;                     ///< search again with the query below
  std::vector<std::string> query_terms;
  std::vector<std::string> expansion;
  std::string change;  ///< what the new query does differently, for the log
};

struct coverage_options {
  double covered_coverage = 0.7;  ///< share of terms, weighted by rarity, that counts as covered
  double covered_score = 0.4;
  double definition_cue = 0.5;  ///< cue from which a sentence counts as a definition
  int max_rounds = 3;           ///< searches for a required sub-question
  int max_facet_rounds = 2;     ///< searches for a facet
  int feedback_passages = 5;    ///< passages from which related terms are taken
  int feedback_terms = 3;       ///< related terms added at once
};

/// Judges the evidence of every sub-question after round `round` (the first is 1), and proposes a
/// new query where it does not suffice. `tried` lists the keys (`query_key`) of all
/// queries so far; a query with a key in it is never proposed, so with the bound on rounds the loop
/// of search and review ends. Pure: the caller searches, adds keys and counts rounds. This is the
/// seam for a critic with a model.
std::vector<verdict> review(const std::vector<sub_question>& parts,
                            const std::vector<evidence>& found, const bm25_index& index,
                            const std::vector<std::string>& tried, int round,
                            const coverage_options& options = {});

/// Identifies what a sub-question searches for, whatever the order of its terms.
std::string query_key(const sub_question& part);

/// Puts the queries of the verdicts into their sub-questions. Returns the indices to search again.
std::vector<int> apply_verdicts(std::vector<sub_question>& parts,
                                const std::vector<verdict>& verdicts);

}  // namespace mcp::documents
