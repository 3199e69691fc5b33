#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcp::documents {

/// One decoded code point. An invalid byte decodes as U+FFFD with size 1 and `valid` false.
struct code_point {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = true;
};

/// Decodes the code point at byte `at`, which must be less than `text.size()`. Refuses overlong
/// forms, surrogates and values above U+10FFFF.
code_point decode_utf8(std::string_view text, std::size_t at);

struct cleaned_text {
  std::string text;
  std::size_t replaced = 0;  ///< bytes that were not UTF-8 and became U+FFFD
};

/// Returns `text` as valid UTF-8.
cleaned_text replace_invalid_utf8(std::string_view text);

/// The first `max_bytes` bytes of `text` at most, never ending inside a code point.
std::string cut_utf8(std::string_view text, std::size_t max_bytes);

/// Lower case of ASCII and Latin-1 letters; every other code point is kept.
std::string to_lower(std::string_view text);

/// True for a letter or digit. Outside ASCII: anything that is not known punctuation or a symbol.
bool is_word_code_point(char32_t value);

}  // namespace mcp::documents
