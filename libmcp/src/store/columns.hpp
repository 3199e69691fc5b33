#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstdint>
#include <optional>

// How ids and times stand in the columns of a database.

namespace mcp::store {

[[nodiscard]] inline std::int64_t to_integer(store_time time) noexcept {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline std::optional<std::int64_t> to_integer(
    const std::optional<store_time>& time) noexcept {
  if (!time) return std::nullopt;
  return to_integer(*time);
}
[[nodiscard]] inline store_time to_time(std::int64_t milliseconds) noexcept {
  return store_time{std::chrono::milliseconds{milliseconds}};
}
[[nodiscard]] inline std::int64_t to_integer(checkpoint_id id) noexcept {
  return static_cast<std::int64_t>(id.value);
}

}  // namespace mcp::store
