#include "tools/passages.hpp"

#include "tools/text.hpp"

#include <algorithm>

namespace mcp::tools {
namespace {

constexpr std::size_t smallest = 4;  ///< room for any one character

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Length of the next passage: to the last empty line, line end or space that fits.
std::size_t next_cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text.size();
  for (const std::string_view mark : {"\n\n", "\n", " "}) {
    const auto found = text.rfind(mark, limit);
    if (found != std::string_view::npos && found > 0) return found;
  }
  return cut_text(text, limit).size();
}

}  // namespace

std::vector<std::string> passages_of(std::string_view text, std::size_t limit) {
  limit = std::max(limit, smallest);
  std::vector<std::string> result;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto length = next_cut(text, limit);
    result.emplace_back(trimmed(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace mcp::tools
