#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace mcp::actors {

/// Counts what the end of an executor or an agent system has to wait for. Safe from several
/// threads.
class census {
 public:
  void enter() {
    const std::lock_guard lock{mutex_};
    ++count_;
  }
  void leave() {
    const std::lock_guard lock{mutex_};
    if (--count_ == 0) empty_.notify_all();
  }
  void wait_empty() {
    std::unique_lock lock{mutex_};
    empty_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::size_t count_ = 0;
};

/// Counted in a census while it lives. Copies are counted too.
class census_seat {
 public:
  explicit census_seat(std::shared_ptr<census> of) : of_(std::move(of)) { of_->enter(); }
  census_seat(const census_seat& other) : census_seat(other.of_) {}
  census_seat& operator=(const census_seat&) = delete;
  ~census_seat() { of_->leave(); }

 private:
  std::shared_ptr<census> of_;
};

}  // namespace mcp::actors
