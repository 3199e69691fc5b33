#pragma once

#include "mcp/run.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
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
    return take_more(counter, amount);
  }
  /// Takes for an attempt, of a task in `ns`, what it may not use.
  [[nodiscard]] std::optional<error> hold(const void* attempt, std::string_view ns,
                                          std::string_view counter, std::int64_t amount) {
    const std::lock_guard lock{mutex_};
    if (auto refused = take_more(counter, amount)) return refused;
    auto& own = holds_[attempt];
    own.ns = ns;
    own.counters[std::string{counter}] += amount;
    return std::nullopt;
  }
  /// What an attempt that was given up used all the same is counted without a check.
  [[nodiscard]] std::optional<error> release(const void* attempt, std::string_view counter,
                                             std::int64_t held, std::int64_t used) {
    const std::lock_guard lock{mutex_};
    const auto found = holds_.find(attempt);
    const auto own = found == holds_.end() ? nullptr : found->second.find(counter);
    if (own == nullptr) {
      if (used > 0) used_.counters[std::string{counter}] += used;
      return std::nullopt;
    }
    const auto freed = std::min(*own, held);
    *own -= freed;
    if (found->second.empty()) holds_.erase(found);
    if (used > freed) return take_more(counter, used - freed);
    used_.counters[std::string{counter}] -= freed - used;
    return std::nullopt;
  }
  /// Frees what the attempt holds, and the attempts in the namespace of its subgraph.
  void give_up(const void* attempt, std::string_view child) {
    const std::lock_guard lock{mutex_};
    std::erase_if(holds_, [&](const auto& entry) {
      const auto& [holder, own] = entry;
      if (holder != attempt && !own.is_in(child)) return false;
      for (const auto& [counter, amount] : own.counters) used_.counters[counter] -= amount;
      return true;
    });
  }
  [[nodiscard]] bool holds_nothing() const {
    const std::lock_guard lock{mutex_};
    return holds_.empty();
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
  /// Without what is held.
  [[nodiscard]] run_usage usage() const {
    const std::lock_guard lock{mutex_};
    auto used = used_;
    for (const auto& [attempt, own] : holds_) {
      for (const auto& [counter, amount] : own.counters) used.counters[counter] -= amount;
    }
    return used;
  }

 private:
  struct holds {
    std::string ns{};
    std::map<std::string, std::int64_t, std::less<>> counters{};

    [[nodiscard]] std::int64_t* find(std::string_view counter) {
      const auto found = counters.find(counter);
      return found == counters.end() ? nullptr : &found->second;
    }
    [[nodiscard]] bool empty() const {
      return std::all_of(counters.begin(), counters.end(),
                         [](const auto& one) { return one.second == 0; });
    }
    [[nodiscard]] bool is_in(std::string_view child) const {
      return ns.starts_with(child) && (ns.size() == child.size() || ns[child.size()] == '|');
    }
  };

  std::optional<error> take_more(std::string_view counter, std::int64_t amount) {
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
  static error refusal(const std::string& what, std::int64_t used, std::int64_t wanted,
                       std::int64_t limit) {
    return error{errc::budget_exceeded, "the budget of " + std::to_string(limit) + " " + what +
                                            " does not allow " + std::to_string(wanted) +
                                            " more after " + std::to_string(used)};
  }

  const run_budget limits_;
  mutable std::mutex mutex_;
  run_usage used_;                      ///< with what is held
  std::map<const void*, holds> holds_;  ///< by attempt
};

}  // namespace mcp::actors
