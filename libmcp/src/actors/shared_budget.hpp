#pragma once

#include "mcp/run.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::actors {

/// What a run and all its subgraphs may use and have used. Safe from several threads.
class shared_budget {
 public:
  shared_budget(run_budget limits, run_usage used)
      : limits_(std::move(limits)), used_(std::move(used)) {}

  [[nodiscard]] bool limited() const noexcept {
    return limits_.steps > 0 || limits_.node_calls > 0 || !limits_.counters.empty();
  }
  /// Takes it all or nothing.
  [[nodiscard]] std::optional<error> take(std::int64_t steps, std::int64_t calls) {
    const std::lock_guard lock{mutex_};
    if (limits_.steps > 0 && steps > limits_.steps - used_.steps) {
      return refusal("steps", used_.steps, steps, limits_.steps);
    }
    if (limits_.node_calls > 0 && calls > limits_.node_calls - used_.node_calls) {
      return refusal("node calls", used_.node_calls, calls, limits_.node_calls);
    }
    used_.steps += steps;
    used_.node_calls += calls;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<error> take(std::string_view counter, std::int64_t amount) {
    const std::lock_guard lock{mutex_};
    const std::string name{counter};
    auto& used = used_.counters[name];
    const auto found = limits_.counters.find(name);
    const bool limited = found != limits_.counters.end();
    // What nobody limits is bounded by what can be counted.
    const auto limit = limited ? found->second : std::numeric_limits<std::int64_t>::max();
    if (used > 0 ? amount > limit - used : used + amount > limit) {
      return refusal(name, used, amount, limit);
    }
    used += amount;
    return std::nullopt;
  }
  void give_back(std::string_view counter, std::int64_t amount) {
    const std::lock_guard lock{mutex_};
    used_.counters[std::string{counter}] -= amount;
  }
  /// What was found in the log of a part of the run: it was used, too.
  void at_least(const run_usage& used) {
    const std::lock_guard lock{mutex_};
    used_.steps = std::max(used_.steps, used.steps);
    used_.node_calls = std::max(used_.node_calls, used.node_calls);
    for (const auto& [name, amount] : used.counters) {
      auto& known = used_.counters[name];
      known = std::max(known, amount);
    }
  }
  [[nodiscard]] run_usage usage() const {
    const std::lock_guard lock{mutex_};
    return used_;
  }

 private:
  static error refusal(const std::string& what, std::int64_t used, std::int64_t wanted,
                       std::int64_t limit) {
    return error{errc::budget_exceeded, "the budget of " + std::to_string(limit) + " " + what +
                                            " does not allow " + std::to_string(wanted) +
                                            " more after " + std::to_string(used)};
  }

  const run_budget limits_;
  mutable std::mutex mutex_;
  run_usage used_;
};

}  // namespace mcp::actors
