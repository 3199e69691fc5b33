#pragma once

#include <string>
#include <string_view>

namespace mcp::documents {

/// Reduces a lower-case English word to a stem, so that "route", "routes", "routed" and "routing"
/// meet in one index entry. The stem is a key, not a word ("rout").
///
/// Rules, in this order, each applied once: plural, "-ed" and "-ing", "-ly", "-ness", "-ability",
/// "-ization", "-ion" after s or t, last "e". Words of three letters or less and words
/// with a digit, an underscore or a letter outside a-z are returned unchanged.
///
/// Limits: irregular forms ("ran", "written") are not joined except a few very common ones, British
/// and American spellings are two stems, and unrelated words can share one.
std::string stem(std::string_view word);

}  // namespace mcp::documents
