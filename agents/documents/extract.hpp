#pragma once

#include "bm25.hpp"
#include "plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// A quotation that answers a sub-question, with the place it was taken from.
struct evidence {
  std::string text;  ///< verbatim but for emphasis marks and blanks; see `comparable`
  std::string path;
  int line = 1;  ///< first line, 1-based
  int last_line = 1;
  double score = 0.0;     ///< 0 to about 1.3; comparable between sub-questions
  double coverage = 0.0;  ///< share of the sub-question's terms found, weighted by rarity, 0 to 1
  double cue = 0.0;       ///< how well the wording fits the type of question, 0 to 1
  int sub_question = 0;   ///< index into the plan
  std::string heading;    ///< innermost heading, plain text
  std::string kind;       ///< of `passage_kind`
};

struct extract_options {
  int max_hits = 30;  ///< passages looked at
  int max_items = 5;  ///< kept for one sub-question
  int max_items_per_passage = 2;
  double min_score = 0.25;
  double min_share_of_best = 0.55;  ///< weaker sentences are dropped beside a strong one
  double near_duplicate = 0.7;      ///< share of common terms from which two sentences say the same
  double row_factor = 0.8;          ///< table rows read worse than sentences
  bool use_code = false;            ///< also quote code blocks of up to `max_code_lines`
  int max_code_lines = 20;
};

/// Chooses the best sentences among `hits` for one sub-question, best first. Deterministic. This is
/// the seam for an extractor with a model.
///
/// A sentence is rated by the terms it has (those of its heading count half), by the rank of its
/// passage, and by cues for the type of question ("because" for why). That is no understanding: a
/// sentence with the right words that says the opposite is chosen too.
std::vector<evidence> choose_evidence(const sub_question& part, int sub_question_index,
                                      const std::vector<hit>& hits, const bm25_index& index,
                                      const extract_options& options = {});

/// Joins evidence of several rounds: for each sub-question the best items, near-duplicates dropped,
/// at most `max_items`. Sorted by sub-question, then score, then place.
std::vector<evidence> merge_evidence(std::vector<evidence> items,
                                     const extract_options& options = {});

/// How well `text` fits the type of question by its wording, 0 to 1.
double cue_score(std::string_view type, std::string_view text,
                 const std::vector<std::string>& terms);

}  // namespace mcp::documents
