#include "mcp/codec.hpp"

#include <algorithm>
#include <vector>

namespace mcp::detail {
namespace {

/// Levenshtein distance; both texts are cut at 64 characters, enough for names.
std::size_t distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 64;
  a = a.substr(0, longest);
  b = b.substr(0, longest);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view unknown, const std::vector<std::string_view>& known) {
  std::string_view best;
  // Something must be left of the name, or any short one would be like it.
  std::size_t best_distance =
      std::min(unknown.size(), 1 + std::max<std::size_t>(2, unknown.size() / 3));
  for (const auto candidate : known) {
    if (const auto d = distance(unknown, candidate); d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string suggestion(std::string_view unknown, const std::vector<std::string_view>& known) {
  const auto best = nearest(unknown, known);
  return best.empty() ? std::string{} : ", did you mean \"" + std::string{best} + "\"?";
}

}  // namespace mcp::detail
