#include "utf8.hpp"

namespace mcp::documents {
namespace {

constexpr code_point invalid_byte{0xFFFD, 1, false};

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// Number of bytes the lead byte announces, or 0 when it cannot start a code point.
std::size_t announced_size(unsigned char lead) {
  if (lead < 0x80U) return 1;
  if (lead >= 0xC2U && lead <= 0xDFU) return 2;
  if (lead >= 0xE0U && lead <= 0xEFU) return 3;
  if (lead >= 0xF0U && lead <= 0xF4U) return 4;
  return 0;
}

void append_utf8(std::string& out, char32_t value) {
  if (value < 0x80U) {
    out.push_back(static_cast<char>(value));
  } else if (value < 0x800U) {
    out.push_back(static_cast<char>(0xC0U | (value >> 6U)));
    out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
  } else {
    out.push_back(static_cast<char>(0xE0U | (value >> 12U)));
    out.push_back(static_cast<char>(0x80U | ((value >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
  }
}

}  // namespace

code_point decode_utf8(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = announced_size(lead);
  if (size == 1) return {lead, 1, true};
  if (size == 0 || at + size > text.size()) return invalid_byte;
  char32_t value = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if (!is_continuation(byte)) return invalid_byte;
    value = (value << 6U) | (byte & 0x3FU);
  }
  const bool overlong = (size == 3 && value < 0x800U) || (size == 4 && value < 0x10000U);
  const bool surrogate = value >= 0xD800U && value <= 0xDFFFU;
  if (overlong || surrogate || value > 0x10FFFFU) return invalid_byte;
  return {value, size, true};
}

cleaned_text replace_invalid_utf8(std::string_view text) {
  cleaned_text result;
  result.text.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const code_point point = decode_utf8(text, at);
    if (point.valid) {
      result.text.append(text.substr(at, point.size));
    } else {
      append_utf8(result.text, invalid_byte.value);
      ++result.replaced;
    }
    at += point.size;
  }
  return result;
}

std::string cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && is_continuation(static_cast<unsigned char>(text[end]))) --end;
  return std::string(text.substr(0, end));
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const code_point point = decode_utf8(text, at);
    const bool ascii_upper = point.value >= U'A' && point.value <= U'Z';
    const bool latin_upper = point.value >= 0xC0U && point.value <= 0xDEU && point.value != 0xD7U;
    if (ascii_upper || latin_upper) {
      append_utf8(out, point.value + 0x20U);
    } else {
      out.append(text.substr(at, point.size));
    }
    at += point.size;
  }
  return out;
}

bool is_word_code_point(char32_t value) {
  if (value < 0x80U) {
    return (value >= U'a' && value <= U'z') || (value >= U'A' && value <= U'Z') ||
           (value >= U'0' && value <= U'9');
  }
  if (value < 0xC0U) return value == 0xAAU || value == 0xB5U || value == 0xBAU;
  if (value == 0xD7U || value == 0xF7U || value == 0xFFFDU) return false;
  const bool punctuation_or_symbol =
      (value >= 0x2000U && value <= 0x2BFFU) || (value >= 0x3000U && value <= 0x303FU) ||
      (value >= 0xFE00U && value <= 0xFE6FU) || (value >= 0x1F000U && value <= 0x1FAFFU);
  return !punctuation_or_symbol;
}

}  // namespace mcp::documents
