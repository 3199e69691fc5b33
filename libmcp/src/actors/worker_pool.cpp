#include "actors/runtime.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace mcp::actors {
namespace {

/// Threads for blocking nodes, started one by one as long as jobs find none idle.
class worker_pool final : public worker_port {
 public:
  worker_pool(std::size_t threads, std::size_t queue_limit)
      : max_threads_(threads == 0 ? 1 : threads), queue_limit_(queue_limit) {}
  ~worker_pool() override { stop(); }

  bool submit(std::function<void()> job) override {
    // Locked to the end: the job may be the last thing that the pool's owner waits for.
    const std::lock_guard lock{mutex_};
    if (stopping_ || jobs_.size() >= queue_limit_) return false;
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < max_threads_) {
      threads_.emplace_back([this] { loop(); });
    }
    changed_.notify_one();
    return true;
  }

  void stop() override {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      threads.swap(threads_);
      changed_.notify_all();
    }
    for (auto& thread : threads) thread.join();
  }

 private:
  void loop() {
    mark_own_thread();
    std::unique_lock lock{mutex_};
    for (;;) {
      ++idle_;
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      --idle_;
      if (jobs_.empty()) return;  // stopping, and nothing is left
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  const std::size_t max_threads_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<worker_port> make_worker_pool(std::size_t threads, std::size_t queue_limit) {
  return std::make_unique<worker_pool>(threads, queue_limit);
}

}  // namespace mcp::actors
