#pragma once

#include "bm25.hpp"
#include "question.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// A question that stands alone, and how it is searched for in the current round.
struct sub_question {
  std::string text;
  std::string type;                      ///< of `question_type`
  bool required = true;                  ///< false for a facet the user did not ask for
  std::vector<std::string> words;        ///< the content words evidence must have, lower case
  std::vector<std::string> terms;        ///< their stems, one for each word
  std::vector<std::string> context;      ///< stems from the rest of the question; they only help
  std::vector<std::string> phrases;      ///< quoted strings
  std::vector<std::string> focus_paths;  ///< documents to prefer
  std::vector<std::string> query_terms;  ///< stems searched for now; `terms` in the first round
  std::vector<std::string> expansion;    ///< stems added by a reformulation
};

struct plan_limits {
  int max_sub_questions = 6;
  int max_facets = 2;  ///< added to a question that has only one part
};

struct research_plan {
  std::vector<sub_question> parts;
  std::vector<std::string> notes;  ///< what was left out, for the answer
};

/// Splits a question into parts that stand alone: at question marks and semicolons, at "and how",
/// into the sides of a comparison, into the members of "what are A, B and C". Pronouns become the
/// subject of the part before. A question with one part gets facets about its subject (what it is,
/// how it works, its limits) that are not required.
/// No parts when the question has no content word. This is the seam for a planner with a model.
research_plan make_plan(const question& asked, const plan_limits& limits = {});

/// Builds one part from its text. `whole` lends its other terms as context.
sub_question make_sub_question(std::string_view text, const question& whole, bool required = true);

/// The query for the current round.
search_query to_query(const sub_question& part);

}  // namespace mcp::documents
