#include "memory/conversation_units.hpp"

#include "mcp/agents/model_policies.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace mcp::memories {
namespace {

conversation_unit unit_of(const message& said, std::size_t index, const window_limit& limit) {
  const auto tokens = limit.count ? limit.count(said) : estimated_tokens(said);
  return {.begin = index,
          .end = index + 1,
          .tokens = std::max<std::int64_t>(tokens, 0),
          .fixed = said.role == "system" || (limit.pinned && limit.pinned(said)),
          .asks = said.role == "user"};
}

/// The unit that holds the message; units are in their order.
std::size_t unit_with(const std::vector<conversation_unit>& units, std::size_t index) {
  const auto after = std::upper_bound(
      units.begin(), units.end(), index,
      [](std::size_t wanted, const conversation_unit& one) { return wanted < one.begin; });
  return static_cast<std::size_t>(after - units.begin()) - 1;
}

/// Makes one unit of `units[first]` and all after it.
void join_from(std::vector<conversation_unit>& units, std::size_t first) {
  auto& whole = units[first];
  for (auto i = first + 1; i < units.size(); ++i) {
    whole.end = units[i].end;
    if (units[i].orphan) continue;  // left out, whatever becomes of the others
    whole.tokens += units[i].tokens;
    whole.fixed = whole.fixed || units[i].fixed;
    whole.asks = whole.asks || units[i].asks;
  }
  units.resize(first + 1);
}

}  // namespace

conversation_units units_of(const std::vector<message>& conversation, const window_limit& limit) {
  conversation_units result{.orphans = std::vector<bool>(conversation.size(), false)};
  auto& units = result.all;
  std::unordered_map<std::string_view, std::size_t>
      callers;  // id of a call -> message that made it
  for (std::size_t i = 0; i < conversation.size(); ++i) {
    const auto& said = conversation[i];
    units.push_back(unit_of(said, i, limit));
    for (const auto& call : said.tool_calls) callers[call.id] = i;
    if (said.role != "tool") continue;
    const auto caller = callers.find(said.tool_call_id);
    if (caller == callers.end()) {
      units.back().orphan = true;
      result.orphans[i] = true;
    } else {
      join_from(units, unit_with(units, caller->second));
    }
  }
  return result;
}

}  // namespace mcp::memories
