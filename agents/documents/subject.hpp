#pragma once

#include "words.hpp"

namespace mcp::documents {

/// What a clause is about, with its determiner: "the checkpoint log" in "how does the checkpoint
/// log keep history". Empty when the order of words does not tell for certain where the name ends,
/// and for a clause about a person ("how do I build it"): better no subject than half of one.
word_list subject_of(std::span<const std::string> clause);

/// True when one of the words names something to search for, rather than a kind of answer.
bool says_something(std::span<const std::string> words);

/// True when the words read as a plural, so that "are" and "do" go with them.
bool is_plural(std::span<const std::string> noun);

}  // namespace mcp::documents
