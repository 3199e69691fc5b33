#pragma once

#include "actors/census.hpp"
#include "actors/crew.hpp"
#include "actors/run_link.hpp"

#include <functional>
#include <map>
#include <memory>
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

/// What a run's actor needs to start.
struct run_order {
  core::run_settings settings{};
  std::shared_ptr<run_link> link{};
  crew* team = nullptr;  ///< outlives the run
  std::shared_ptr<actors::census> census{};
  parent_task parent{};  ///< empty for a root run
  /// The machine's first event.
  std::function<void(core::run_machine&, core::machine_commands&)> opening{};
};

/// Spawns the supervisor of a run: the actor that owns its machine and routes its state.
/// On the thread of `host`, if there is one.
caf::actor spawn_run(caf::actor_system& system, run_order order, lent_thread* host = nullptr);

}  // namespace mcp::actors
