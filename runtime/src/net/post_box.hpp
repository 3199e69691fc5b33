#pragma once

#include "net/caf.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace mcp::cluster {

/// What other threads have an actor do: it is woken once for all that came together. Safe from
/// several threads.
class post_box final : public std::enable_shared_from_this<post_box> {
 public:
  /// `settled` is called on the actor's thread of control after all that came together was done.
  explicit post_box(std::function<void()> settled) : settled_(std::move(settled)) {}

  /// `to` is always the same actor.
  void post(const caf::actor& to, std::function<void()> what) {
    {
      const std::lock_guard lock{mutex_};
      if (closed_) return;
      waiting_.push_back(std::move(what));
      if (waiting_.size() > 1) return;
    }
    caf::anon_send(to, task_posted{[box = shared_from_this()] { box->run(); }});
  }

  /// The actor ends: what was posted, and will be, is not done.
  void close() {
    std::vector<std::function<void()>> never;
    const std::lock_guard lock{mutex_};
    closed_ = true;
    never.swap(waiting_);
  }

 private:
  void run() {
    std::vector<std::function<void()>> now;
    {
      const std::lock_guard lock{mutex_};
      now.swap(waiting_);
    }
    for (const auto& what : now) what();
    settled_();
  }

  const std::function<void()> settled_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  bool closed_ = false;
};

}  // namespace mcp::cluster
