#pragma once

#include "io/event_loop.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace mcp::test {

/// An event loop whose time passes only when the test says so.
class virtual_loop final : public io::event_loop {
 public:
  [[nodiscard]] io::steady_time now() const override {
    const std::lock_guard lock{mutex_};
    return now_;
  }
  timer_id call_at(io::steady_time when, std::function<void()> task) override {
    const std::lock_guard lock{mutex_};
    const auto id = ++last_;
    tasks_.emplace(std::pair{std::max(when, now_), id}, std::move(task));
    return id;
  }
  void forget(timer_id timer) override {
    std::function<void()> dropped;
    const std::lock_guard lock{mutex_};
    for (auto one = tasks_.begin(); one != tasks_.end(); ++one) {
      if (one->first.second != timer) continue;
      dropped = std::move(one->second);
      tasks_.erase(one);
      return;
    }
  }

  /// Runs the next task, if it is due until `last`.
  bool run_one(io::steady_time last = io::steady_time::max()) {
    std::function<void()> task;
    {
      const std::lock_guard lock{mutex_};
      if (tasks_.empty() || tasks_.begin()->first.first > last) return false;
      now_ = tasks_.begin()->first.first;
      task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
    }
    task();
    return true;
  }
  /// Runs everything, at most `most` tasks.
  std::size_t run(std::size_t most = 1'000'000) {
    std::size_t count = 0;
    while (count < most && run_one()) ++count;
    return count;
  }
  void run_for(std::chrono::milliseconds time) {
    const auto last = now() + time;
    while (run_one(last)) {
    }
    const std::lock_guard lock{mutex_};
    now_ = last;
  }
  [[nodiscard]] std::size_t pending() const {
    const std::lock_guard lock{mutex_};
    return tasks_.size();
  }
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch());
  }

 private:
  mutable std::mutex mutex_;
  io::steady_time now_{};
  timer_id last_ = 0;
  std::map<std::pair<io::steady_time, timer_id>, std::function<void()>> tasks_;
};

}  // namespace mcp::test
