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

std::vector<text_passage> passages_of(std::string_view text, std::size_t limit) {
  limit = std::max(limit, smallest);
  std::vector<text_passage> result;
  const auto* counted = text.data();  // up to here the lines are counted
  std::int64_t line = 1;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto length = next_cut(text, limit);
    const auto piece = trimmed(text.substr(0, length));
    line += std::count(counted, piece.data(), '\n');
    counted = piece.data();
    const auto last = line + std::count(piece.begin(), piece.end(), '\n');
    result.push_back({std::string{piece}, line, last});
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace mcp::tools
