#pragma once

#include "actors/caf.hpp"

#include <atomic>
#include <deque>

namespace mcp::actors {

/// A caller's thread that works as one of the scheduler's while it waits for its run: saves the
/// wake-up in and the wake-up out, which cost more than most runs of plain nodes. Used by one
/// thread at a time; must live as long as the actor system, for actors remember where they ran
/// last.
class lent_thread final : public caf::execution_unit {
 public:
  explicit lent_thread(caf::actor_system& system) : execution_unit(&system) {}

  /// Called by actors that run here and wake others: the first waits for this thread, more go to
  /// the scheduler, so that tasks that can run side by side do.
  void exec_later(caf::resumable* job) override;
  /// Runs actors until `finished`, or until nothing is left for this thread.
  void work(const std::atomic<bool>& finished);

 private:
  void hand_over(caf::resumable* job);

  std::deque<caf::resumable*> jobs_;
};

}  // namespace mcp::actors
