#pragma once

#include "words.hpp"

namespace mcp::documents {

/// An indirect question as a direct one: "what a lease is" becomes "what is a lease", "how the log
/// works" "how does the log work", "whether it can grow" "can it grow". What has no verb that is
/// known comes back as it is.
word_list direct_question(word_list clause);

/// True when the clause has the order of words of a question, so that a question mark belongs to
/// it.
bool is_direct_question(std::span<const std::string> clause);

}  // namespace mcp::documents
