#include "core/task_machine.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>

namespace mcp::core {
namespace {

/// Shortest pause between two checks of a running task.
constexpr instant check_interval = std::chrono::milliseconds{10};

instant backoff(const retry_policy& policy, int attempt, std::uint64_t random) {
  const auto initial = std::chrono::duration<double>(policy.initial_interval).count();
  const auto most = std::chrono::duration<double>(policy.max_interval).count();
  double seconds = std::min(most, initial * std::pow(policy.backoff_factor, attempt - 1));
  if (policy.jitter) seconds += static_cast<double>(random >> 11U) * 0x1p-53;
  return std::chrono::duration_cast<instant>(std::chrono::duration<double>(seconds));
}

std::string text(milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

bool is_worth_it(const retry_policy& policy, failure& what) {
  try {
    return policy.retry_on(what);
  } catch (...) {  // the user's code
    what.error = error{what.error.code(), what.error.message() + "; and its retry_on threw: " +
                                              current_failure().error.message()}
                     .at(what.error.place());
    return false;
  }
}

}  // namespace

failure current_failure() {
  const auto cause = std::current_exception();
  try {
    throw;
  } catch (const error& what) {
    return {what, cause, false};
  } catch (const std::logic_error& what) {
    return {error{errc::node_failed, what.what()}, cause, true};
  } catch (const std::exception& what) {
    return {error{errc::node_failed, what.what()}, cause, false};
  } catch (...) {
    return {error{errc::node_failed, "something that is no std::exception"}, cause, false};
  }
}

retry_decision after_failure(const planned_node& node, int attempt, failure& what,
                             std::uint64_t random) {
  const auto& retry = node.spec.options.retry;
  if (retry && attempt < retry->max_attempts && is_worth_it(*retry, what)) {
    return {retry_decision::kind::retry, backoff(*retry, attempt, random)};
  }
  return {node.fallback ? retry_decision::kind::fallback : retry_decision::kind::give_up, {}};
}

std::optional<error> overdue(const timeout_policy& policy, const task& running, instant now) {
  const instant started{running.started.load(std::memory_order_relaxed)};
  if (started.count() == 0) return std::nullopt;  // waits for its turn
  if (policy.run.count() > 0 && now - started >= policy.run) {
    return error{errc::node_timeout, "the attempt ran longer than " + text(policy.run)};
  }
  const instant sign =
      std::max(started, instant{running.last_sign.load(std::memory_order_relaxed)});
  if (policy.idle.count() > 0 && now - sign >= policy.idle) {
    return error{errc::node_timeout, "the attempt gave no sign of life for " + text(policy.idle)};
  }
  return std::nullopt;
}

std::optional<instant> next_check(const timeout_policy& policy, const task& running, instant now) {
  if (policy.run.count() == 0 && policy.idle.count() == 0) return std::nullopt;
  const instant started{running.started.load(std::memory_order_relaxed)};
  instant due = instant::max();
  if (policy.run.count() > 0)
    due = std::min(due, (started.count() == 0 ? now : started) + policy.run);
  if (policy.idle.count() > 0) {
    const instant sign =
        std::max(started, instant{running.last_sign.load(std::memory_order_relaxed)});
    due = std::min(due, (started.count() == 0 ? now : sign) + policy.idle);
  }
  return std::max(due, now + check_interval);
}

}  // namespace mcp::core
