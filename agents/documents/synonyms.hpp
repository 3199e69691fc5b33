#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mcp::documents {

/// Stems of words that mean about the same as the word with this stem, from a tiny list of software
/// words. Empty for most words.
std::vector<std::string> synonyms_of(std::string_view term);

}  // namespace mcp::documents
