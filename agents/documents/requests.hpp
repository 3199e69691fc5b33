#pragma once

#include "words.hpp"

namespace mcp::documents {

/// Words with their short forms written out: "what's" becomes "what is", "I'd" "I would".
word_list without_contractions(std::span<const std::string> words);

/// The question behind what a person says around it: "please tell me about leases" becomes "what
/// are leases", "could you show me how a lease ends" "how a lease ends", "I want to delete a
/// thread" "how to delete a thread", "give me a list of the modes" "list the modes". A clause that
/// is no request comes back as it is, without greetings and bullets; one of nothing else comes back
/// empty.
word_list plain_question(word_list clause);

/// An indirect question as a direct one: "what a lease is" becomes "what is a lease", "how the log
/// works" "how does the log work", "whether it can grow" "can it grow". What has no verb that is
/// known comes back as it is.
word_list direct_question(word_list clause);

/// True when the clause has the order of words of a question, so that a question mark belongs to
/// it.
bool is_direct_question(std::span<const std::string> clause);

}  // namespace mcp::documents
