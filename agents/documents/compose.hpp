#pragma once

#include "corpus.hpp"
#include "coverage.hpp"
#include "extract.hpp"
#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mcp::documents {

/// An entry of the source list.
struct source {
  int number = 1;  ///< the n of `[n]`
  std::string path;
  int line = 1;
  int last_line = 1;
  std::string quote;
};

struct answer {
  std::string markdown;
  std::vector<source> sources;
  std::vector<std::string> gaps;  ///< what was not found, one sentence each
};

struct compose_options {
  int max_lead_sentences = 3;
  int max_section_sentences = 5;
  double min_lead_score = 0.45;
  double min_facet_score = 0.6;  ///< a facet says only what is clearly about it
};

/// Writes the answer from quotations only: a lead with the best sentence for each required
/// sub-question, a section for each sub-question, what is missing, and the numbered sources. Adds
/// no claim of its own, and does not reconcile sources that contradict each other. Quotations are
/// Markdown of the documents as they stand: escape them before showing them as HTML. This is
/// the seam for a writer with a model; `verify` then checks what it wrote.
answer compose(const question& asked, const research_plan& plan, const std::vector<evidence>& found,
               const std::vector<verdict>& verdicts, const compose_options& options = {});

struct verification {
  bool ok = true;
  int checked = 0;
  std::vector<std::string> problems;
};

/// Whether an answer has its quotes word for word, or says it in its own words.
enum class wording : std::uint8_t { quoted, free };

/// Checks the citations: each source names a loaded document and lines in it, its quote
/// stands in those lines word for word (emphasis marks and blanks aside), a quoted answer shows the
/// quote with its mark, and each mark of the answer has a source. At most `max_problems` problems
/// are told.
verification verify(const answer& written, const corpus& texts, wording words = wording::quoted);
inline constexpr std::size_t max_problems = 50;

}  // namespace mcp::documents
