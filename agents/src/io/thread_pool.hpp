#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mcp::io {

struct thread_pool_limits {
  std::size_t threads = 16;    ///< started when needed
  std::size_t queue = 10'000;  ///< tasks that wait for a thread
};

/// Threads for functions that block. Safe from any thread.
class thread_pool {
 public:
  explicit thread_pool(thread_pool_limits limits = {}) : limits_(limits) {}
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  /// Waits for the tasks that run; those that wait are dropped.
  ~thread_pool();

  /// The one of this process.
  [[nodiscard]] static thread_pool& shared();
  /// Runs `task`, which must not throw, on one of the threads. False when the queue is full.
  [[nodiscard]] bool post(std::function<void()> task);

 private:
  void work();

  const thread_pool_limits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace mcp::io
