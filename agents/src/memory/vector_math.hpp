#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace mcp::memories {

/// Makes the length one; a vector of zeros stays.
inline void normalize(std::vector<float>& vector) noexcept {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  if (!(squares > 0)) return;
  const auto length = std::sqrt(squares);
  for (float& x : vector) x = static_cast<float>(static_cast<double>(x) / length);
}

/// Of two vectors of the same dimension.
[[nodiscard]] inline double dot(const std::vector<float>& a, const std::vector<float>& b) noexcept {
  // Several sums, so that the additions need not wait for one another.
  constexpr std::size_t lanes = 8;
  float sums[lanes] = {};
  double total = 0;
  std::size_t i = 0;
  for (; i + lanes <= a.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < a.size(); ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const float sum : sums) total += static_cast<double>(sum);
  return total;
}

/// Places that a ranking has before it is fused: enough for what both rankings think little of.
[[nodiscard]] inline std::size_t rank_depth(std::size_t results) noexcept {
  constexpr std::size_t least = 50;
  constexpr std::size_t per_result = 4;
  return std::max(least, results * per_result);
}

/// The items of (similarity, item), nearest first, at most `most` and none that is not nearer than
/// `least`.
[[nodiscard]] inline std::vector<std::size_t> nearest_first(
    std::vector<std::pair<double, std::size_t>> near, double least, std::size_t most) {
  std::erase_if(near, [least](const auto& one) { return !(one.first > least); });
  std::sort(near.begin(), near.end(), [](const auto& a, const auto& b) {
    return a.first > b.first || (!(b.first > a.first) && a.second < b.second);
  });
  if (near.size() > most) near.resize(most);
  std::vector<std::size_t> items;
  for (const auto& [similarity, item] : near) items.push_back(item);
  return items;
}

}  // namespace mcp::memories
