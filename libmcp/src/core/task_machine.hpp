#pragma once

#include "core/task.hpp"

#include <cstdint>
#include <optional>

namespace mcp::core {

/// What follows a failed attempt.
struct retry_decision {
  enum class kind : std::uint8_t { retry, fallback, give_up };
  kind what = kind::give_up;
  instant delay{0};  ///< with retry
};

/// The exception that is being handled, as the failure of an attempt.
[[nodiscard]] failure current_failure();

/// Decides what follows when attempt `attempt` (1-based) of `node` failed; `random` is uniform over
/// 64 bits. A `retry_on` that throws wants no further attempt, and `what` then says so.
[[nodiscard]] retry_decision after_failure(const planned_node& node, int attempt, failure& what,
                                           std::uint64_t random);

/// The error of a running attempt that has outlived its timeouts at `now`; nothing while it may go
/// on.
[[nodiscard]] std::optional<error> overdue(const timeout_policy& policy, const task& running,
                                           instant now);

/// When `overdue` is worth asking again, at the earliest; nothing without timeouts.
[[nodiscard]] std::optional<instant> next_check(const timeout_policy& policy, const task& running,
                                                instant now);

}  // namespace mcp::core
