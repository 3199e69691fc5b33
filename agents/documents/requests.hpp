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

}  // namespace mcp::documents
