#pragma once

#include "words.hpp"

namespace mcp::documents {

/// Splits a question into its clauses, without connectives, final marks and what a person says
/// around a question (see `plain_question`), and makes each stand alone: pronouns become the
/// subject of the clause before, a bare "why" repeats its clause, "if A, does B" becomes "does B if
/// A". Statements beside questions are left out.
std::vector<word_list> split_clauses(std::span<const std::string> words);

/// True when a word of the clause stands for something that it does not name.
bool has_pronoun(std::span<const std::string> clause);

}  // namespace mcp::documents
