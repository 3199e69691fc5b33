#pragma once

#include "actors/engine.hpp"

#include <memory>
#include <string>
#include <utility>

namespace mcp::actors {

/// A thread that is taken, so that nobody else reads and then changes it: every run and every edit
/// begins with one. Given back at the end of its life, unless a run keeps the thread.
class engine::thread_hold {
 public:
  /// Throws `thread_busy` when it is taken, by this executor or another one of the store.
  thread_hold(engine& owner, std::string thread_id, std::shared_ptr<live_run> live = nullptr)
      : owner_(&owner), thread_id_(std::move(thread_id)) {
    owner.take_thread(thread_id_, std::move(live));
  }
  thread_hold(const thread_hold&) = delete;
  thread_hold& operator=(const thread_hold&) = delete;
  ~thread_hold() {
    if (owner_ != nullptr) owner_->give_back_thread(thread_id_);
  }

  /// From now on the thread is found under its run.
  void name(std::shared_ptr<live_run> live) {
    const std::lock_guard lock{owner_->mutex_};
    owner_->threads_[thread_id_] = std::move(live);
  }
  /// The run gives it back.
  void keep() noexcept { owner_ = nullptr; }

 private:
  engine* owner_;
  std::string thread_id_;
};

}  // namespace mcp::actors
