#pragma once

#include "mcp/agents/model_policies.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace mcp::limits {

/// Throws `invalid_argument`, naming the member.
void check(const model_retry& policy);

/// When to make the attempts of one call. Pure: the same seed gives the same times.
class retry_schedule {
 public:
  retry_schedule(const model_retry& policy, std::uint32_t seed) : policy_(policy), random_(seed) {}

  /// After a failed attempt: how long to wait for the next one, or nothing when there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next(const model_failure& failure);
  [[nodiscard]] int attempts_made() const noexcept { return made_; }

 private:
  [[nodiscard]] double random_part();

  model_retry policy_;
  std::minstd_rand random_;
  int made_ = 0;
};

}  // namespace mcp::limits
