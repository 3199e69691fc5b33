#include "tools/text.hpp"

namespace mcp::tools {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

bool continues(unsigned byte) {
  return (byte & 0xc0U) == 0x80U;
}

/// Length of the character at `at`; 0 when there is none.
std::size_t character(std::string_view bytes, std::size_t at) {
  const auto lead = byte_at(bytes, at);
  if (lead < 0x80U) return lead == 0 ? 0 : 1;
  const std::size_t length = lead >= 0xf0U ? 4 : lead >= 0xe0U ? 3 : 2;
  if (lead < 0xc2U || lead > 0xf4U) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte_at(bytes, at + i))) return 0;
  }
  // Overlong forms, surrogates and what lies beyond Unicode.
  const auto second = byte_at(bytes, at + 1);
  if ((lead == 0xe0U && second < 0xa0U) || (lead == 0xedU && second > 0x9fU)) return 0;
  if ((lead == 0xf0U && second < 0x90U) || (lead == 0xf4U && second > 0x8fU)) return 0;
  return length;
}

}  // namespace

bool is_text(std::string_view bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto length = character(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string_view cut_text(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  auto end = limit;
  while (end > 0 && limit - end < 4 && continues(byte_at(text, end))) --end;
  return text.substr(0, end);
}

std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const auto total = text.size();
  text.resize(cut_text(text, limit).size());
  text += "\n[cut: " + std::to_string(text.size()) + " of " + std::to_string(total) + " bytes]";
  return text;
}

}  // namespace mcp::tools
