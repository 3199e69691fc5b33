#pragma once

#include "core/task.hpp"
#include "mcp/policy.hpp"

#include <cstdint>

namespace mcp::core {

/// Decides whether calls of a failing node may pass.
///
/// | state     | event                             | next      |
/// |-----------|-----------------------------------|-----------|
/// | closed    | failure_threshold failures in a row | open      |
/// | open      | admit, after cool_down            | half-open |
/// | half-open | a failure                         | open      |
/// | half-open | `probes` successes                | closed    |
class circuit_breaker {
 public:
  enum class state : std::uint8_t { closed, open, half_open };

  explicit circuit_breaker(const breaker_policy& policy) : policy_(policy) {}

  /// Whether a call may be made at `now`. A call that was admitted must be reported.
  [[nodiscard]] bool admit(instant now);
  void succeeded();
  void failed(instant now);
  /// A call that was admitted is not wanted any more: how it ends says nothing.
  void withdrawn();
  [[nodiscard]] state at() const noexcept { return state_; }
  [[nodiscard]] const breaker_policy& policy() const noexcept { return policy_; }

 private:
  void open(instant now);

  breaker_policy policy_;
  state state_ = state::closed;
  int failures_ = 0;   ///< in a row, while closed
  int probing_ = 0;    ///< admitted while half-open
  int recovered_ = 0;  ///< succeeded while half-open
  instant opened_{0};
};

}  // namespace mcp::core
