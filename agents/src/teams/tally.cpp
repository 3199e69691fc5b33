#include "teams/tally.hpp"

#include <algorithm>

namespace mcp::teams {

std::optional<std::string> majority(const std::vector<debate_ballot>& ballots,
                                    const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::ptrdiff_t most = 0;
  for (const auto& one : candidates) {
    const auto votes = std::count_if(ballots.begin(), ballots.end(),
                                     [&](const debate_ballot& b) { return b.vote == one; });
    if (votes <= most) continue;
    most = votes;
    best = one;
  }
  return best;
}

}  // namespace mcp::teams
