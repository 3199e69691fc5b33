#include "limits/retry_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace mcp::limits {

using std::chrono::milliseconds;

void check(const model_retry& policy) {
  const auto refuse = [](const std::string& what) { throw error{errc::invalid_argument, what}; };
  if (policy.max_attempts < 1 || policy.max_attempts > 100) {
    refuse("model_retry::max_attempts is " + std::to_string(policy.max_attempts) +
           "; it is 1 to 100");
  }
  if (!(policy.backoff_factor >= 1.0) || !std::isfinite(policy.backoff_factor)) {
    refuse("model_retry::backoff_factor is " + std::to_string(policy.backoff_factor) +
           "; it is at least 1");
  }
  if (policy.initial_interval < milliseconds{0} || policy.max_interval < milliseconds{0} ||
      policy.max_retry_after < milliseconds{0}) {
    refuse("the intervals of a model_retry are at least 0");
  }
}

std::optional<milliseconds> retry_schedule::next(const model_failure& failure) {
  ++made_;
  if (!failure.passing || made_ >= policy_.max_attempts) return std::nullopt;
  const auto asked = failure.retry_after.value_or(milliseconds{0});
  if (asked > policy_.max_retry_after) return std::nullopt;
  const auto full = std::min(static_cast<double>(policy_.max_interval.count()),
                             static_cast<double>(policy_.initial_interval.count()) *
                                 std::pow(policy_.backoff_factor, made_ - 1));
  // Callers that failed together do not come back together.
  const auto backoff = full * (1.0 - random_part() / 2);
  const auto after_asked = static_cast<double>(asked.count()) * (1.0 + random_part() / 10);
  return milliseconds{static_cast<std::int64_t>(std::ceil(std::max(backoff, after_asked)))};
}

double retry_schedule::random_part() {
  const auto span = static_cast<double>(std::minstd_rand::max() - std::minstd_rand::min());
  return static_cast<double>(random_() - std::minstd_rand::min()) / span;
}

}  // namespace mcp::limits
