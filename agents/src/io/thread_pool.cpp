#include "io/thread_pool.hpp"

#include <utility>

#include <openssl/crypto.h>

namespace mcp::io {

thread_pool::~thread_pool() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    dropped.swap(tasks_);
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

thread_pool& thread_pool::shared() {
  // What is made later ends earlier: a thread that used OpenSSL must be gone before OpenSSL's own
  // end, or what OpenSSL kept for the thread is never freed.
  [[maybe_unused]] static const int made_earlier =
      OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  static thread_pool pool;
  return pool;
}

bool thread_pool::post(std::function<void()> task) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || tasks_.size() >= limits_.queue) return false;
    // A thread first: if it cannot be started the task has not been accepted.
    if (idle_ <= tasks_.size() && threads_.size() < limits_.threads) {
      threads_.emplace_back([this] { work(); });
    }
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void thread_pool::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (stopping_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace mcp::io
