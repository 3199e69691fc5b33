#pragma once

#include "floors.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bench {

/// Lets one thread outside the actor system wait for a call of `open`, again and again.
class gate {
 public:
  void open() {
    if (state_.exchange(opened, std::memory_order_acq_rel) != asleep) return;
    const std::lock_guard lock(mutex_);
    changed_.notify_one();
  }

  void wait(outside_wait how) {
    if (how.spin.count() > 0) {
      const std::chrono::steady_clock::time_point until =
          std::chrono::steady_clock::now() + how.spin;
      while (state_.load(std::memory_order_acquire) != opened &&
             std::chrono::steady_clock::now() < until) {
        for (int i = 0; i < 16; ++i) __builtin_ia32_pause();
      }
    }
    int expected = closed;
    if (state_.compare_exchange_strong(expected, asleep, std::memory_order_acq_rel)) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return state_.load(std::memory_order_acquire) == opened; });
    }
    state_.store(closed, std::memory_order_relaxed);
  }

 private:
  static constexpr int closed = 0, opened = 1, asleep = 2;
  std::atomic<int> state_{closed};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace bench
