#pragma once

#include "bm25.hpp"
#include "question.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// A question back to the person who asked.
struct clarification {
  bool needed = false;
  std::string question;
  std::vector<std::string> options;       ///< proposals; free text is welcome too
  std::vector<std::string> option_paths;  ///< the document behind each option, or ""
  std::string reason;                     ///< why it has to be asked
};

struct ambiguity_options {
  double max_overlap = 0.08;  ///< cosine of two sections' words up to which they are two subjects
  int min_section_terms = 8;  ///< distinct words a section must have to be judged
  int max_options = 5;
  int max_passages = 400;  ///< passages under a heading that are looked at for one term
};

/// Finds out whether the question must be made clearer before it can be searched for:
/// it has no content word; it has only a pronoun or a weak word for a subject ("how does it work");
/// or a key word heads sections of different documents that share next to no other words, and the
/// rest of the question does not tell them apart. A heuristic tuned to ask seldom. Never asks about
/// a question that was clarified.
clarification find_ambiguity(const question& asked, const bm25_index& index,
                             const ambiguity_options& options = {});

/// The first word of the question that stands for something which it does not name ("it", "their",
/// "this"), in lower case; empty when there is none.
std::string pronoun_in(const question& asked);

/// Why `reply` is no answer to a question with so many options: it is a number, and none of theirs.
/// Empty when it is one; without options every text is.
std::string refusal(std::string_view reply, std::size_t options);

/// JSON Schema of a reply that `refusal` accepts.
std::string reply_schema(std::size_t options);

/// The question with the person's answer built in: the answer may be the number of an option (from
/// 1), the text of an option, or free text. An empty answer leaves the question as it is, marked as
/// clarified. Throws `question_error` when the result is too long, or `refusal` has a reason.
question apply_clarification(const question& asked, const clarification& raised,
                             std::string_view reply);

/// The same for free text alone.
question apply_clarification(const question& asked, std::string_view reply);

}  // namespace mcp::documents
