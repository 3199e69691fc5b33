#pragma once

#include "mcp/agents/teams_debate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mcp::teams {

/// The candidate with the most votes; of equals the one that stands first in `candidates`. Nothing
/// when nobody voted for one of them.
[[nodiscard]] std::optional<std::string> majority(const std::vector<debate_ballot>& ballots,
                                                  const std::vector<std::string>& candidates);

}  // namespace mcp::teams
