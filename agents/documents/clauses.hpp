#pragma once

#include "words.hpp"

#include <span>
#include <string>
#include <vector>

namespace mcp::documents {

/// Splits a question into its clauses, without connectives and final marks, and makes each stand
/// alone: pronouns become the subject of the clause before, a bare "why" repeats its clause.
std::vector<word_list> split_clauses(std::span<const std::string> words);

/// What a clause is about, with its determiner: "the checkpoint log" in "how does the checkpoint
/// log keep history". Empty when nothing is found. A guess from word order.
word_list subject_of(std::span<const std::string> clause);

/// The two sides of a comparison, or both empty.
struct compared {
  word_list left;
  word_list right;
};
compared compared_in(std::span<const std::string> clause);

/// The members of "what are A, B and C" or "how do A and B work" as questions of their own. Empty
/// when the clause is no such list.
std::vector<word_list> listed_in(std::span<const std::string> clause);

/// True when the words read as a plural, so that "are" and "do" go with them.
bool is_plural(std::span<const std::string> noun);

}  // namespace mcp::documents
