#pragma once

#include <cstddef>
#include <string_view>

namespace mcp::core {

inline constexpr std::size_t max_agent_address_bytes = 512;

/// "type/key", taken apart. Borrowed.
struct agent_address {
  std::string_view type{};
  std::string_view key{};
};

/// Throws `invalid_argument`. A key may have slashes, a type not; neither is empty.
[[nodiscard]] agent_address parse_agent_address(std::string_view text);
/// Throws `invalid_argument` unless `name` can be a type or a system.
void check_agent_name(std::string_view what, std::string_view name);

}  // namespace mcp::core
