#pragma once

#include <cmath>
#include <cstddef>
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

}  // namespace mcp::memories
