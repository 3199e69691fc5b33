#pragma once

#include "mcp/agents/export.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace mcp {

/// The usual constant of reciprocal rank fusion: how little the first places count for more.
inline constexpr double usual_rank_constant = 60.0;

struct fused_rank {
  std::size_t item = 0;
  double score = 0;  ///< the sum of 1 / (constant + place) over the rankings that have it

  friend bool operator==(const fused_rank&, const fused_rank&) = default;
};

/// Fuses rankings, each of items best first, by reciprocal rank: what matters is the place in each
/// ranking, so their scores need not be comparable. Best first, at most `limit`; of equal scores
/// the one with the better best place comes first, then the lower item. An item that is in a
/// ranking twice counts by its better place. `constant` is at least 0. Pure.
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<fused_rank> reciprocal_rank_fusion(
    std::span<const std::vector<std::size_t>> rankings, std::size_t limit,
    double constant = usual_rank_constant);

}  // namespace mcp
