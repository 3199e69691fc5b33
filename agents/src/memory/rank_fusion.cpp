#include "mcp/agents/rank_fusion.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>

namespace mcp {
namespace {

struct standing {
  double score = 0;
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::size_t last_ranking = std::numeric_limits<std::size_t>::max();
};

}  // namespace

std::vector<fused_rank> reciprocal_rank_fusion(std::span<const std::vector<std::size_t>> rankings,
                                               std::size_t limit, double constant) {
  std::unordered_map<std::size_t, standing> standings;
  for (std::size_t r = 0; r < rankings.size(); ++r) {
    for (std::size_t i = 0; i < rankings[r].size(); ++i) {
      auto& one = standings[rankings[r][i]];
      if (one.last_ranking == r) continue;
      one.last_ranking = r;
      one.score += 1.0 / (std::max(constant, 0.0) + static_cast<double>(i + 1));
      one.best = std::min(one.best, i);
    }
  }
  std::vector<fused_rank> fused;
  fused.reserve(standings.size());
  for (const auto& [item, one] : standings) fused.push_back({item, one.score});
  std::sort(fused.begin(), fused.end(), [&](const fused_rank& a, const fused_rank& b) {
    return std::tuple{-a.score, standings.at(a.item).best, a.item} <
           std::tuple{-b.score, standings.at(b.item).best, b.item};
  });
  if (fused.size() > limit) fused.resize(limit);
  return fused;
}

}  // namespace mcp
