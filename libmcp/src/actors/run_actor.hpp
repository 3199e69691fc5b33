#pragma once

#include "actors/crew.hpp"
#include "actors/run_link.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::actors {

/// Where a subgraph's run reports to: the task it stands for, in the parent's run.
struct parent_task {
  caf::actor run{};
  core::task_pointer task{};
  const subgraph_spec* spec = nullptr;  ///< of the parent's plan
  state_pointer state{};                ///< the parent's, as the task sees it
};

/// Counts the actors of runs that still use their crew. Safe from several threads.
class run_census {
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

/// What a run's actor needs to start.
struct run_order {
  core::run_settings settings{};
  std::shared_ptr<run_link> link{};
  crew* team = nullptr;  ///< outlives the run
  std::shared_ptr<run_census> census{};
  parent_task parent{};  ///< empty for a root run
  /// The machine's first event.
  std::function<void(core::run_machine&, core::machine_commands&)> opening{};
  /// Called when a root run's actor has ended, on its thread.
  std::function<void()> ended{};
};

/// Spawns the supervisor of a run: the actor that owns its machine and routes its state.
/// On the thread of `host`, if there is one.
caf::actor spawn_run(caf::actor_system& system, run_order order, lent_thread* host = nullptr);

}  // namespace mcp::actors
