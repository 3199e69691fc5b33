#pragma once

#include "mcp/agents/conversation_window.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mcp::memories {

/// Messages that are kept or left out together: `[begin, end)`.
struct conversation_unit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int64_t tokens = 0;
  bool fixed = false;   ///< has a message that is always kept
  bool orphan = false;  ///< alone: the answer of a tool whose call is not there
  bool asks = false;    ///< a user speaks
};

struct conversation_units {
  std::vector<conversation_unit> all{};  ///< in their order, without gaps
  std::vector<bool> orphans{};           ///< for each message, within units too
};

/// Cuts a conversation into its units.
[[nodiscard]] conversation_units units_of(const std::vector<message>& conversation,
                                          const window_limit& limit);

}  // namespace mcp::memories
