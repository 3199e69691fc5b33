#pragma once

#include "words.hpp"

namespace mcp::documents {

/// What a clause compares, at least two names, as "sync" and "async" in "sync versus async"; empty
/// when it compares nothing.
std::vector<word_list> compared_in(std::span<const std::string> clause);

/// The members of "A, B and C", "what are A and B" or "how do A and B work" as questions of their
/// own. Empty when the clause is no such list.
std::vector<word_list> listed_in(std::span<const std::string> clause);

}  // namespace mcp::documents
