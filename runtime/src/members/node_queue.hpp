#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace mcp::cluster {

/// Work for a pool of threads, in its order. Whoever brings much at once wakes one thread, and that
/// one the next while there is more: short work is done by few threads, work that waits by all.
/// Safe from several threads; outlives the pool's work.
class node_queue {
 public:
  explicit node_queue(boost::asio::thread_pool& threads) : threads_(threads) {}
  node_queue(const node_queue&) = delete;
  node_queue& operator=(const node_queue&) = delete;

  /// `what` must not throw.
  void post(std::function<void()> what) {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(what));
    wake_one();
  }

 private:
  void wake_one() {
    if (std::exchange(waking_, true)) return;
    boost::asio::post(threads_, [this] { work(); });
  }

  void work() {
    std::unique_lock lock{mutex_};
    waking_ = false;
    while (!waiting_.empty()) {
      auto what = std::move(waiting_.front());
      waiting_.pop_front();
      if (!waiting_.empty()) wake_one();
      lock.unlock();
      what();
      what = nullptr;  // its end may bring more
      lock.lock();
    }
  }

  boost::asio::thread_pool& threads_;
  std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  bool waking_ = false;  ///< a thread that will look is on its way
};

}  // namespace mcp::cluster
