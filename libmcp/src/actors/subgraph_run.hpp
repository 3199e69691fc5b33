#pragma once

#include "actors/run_actor.hpp"

namespace mcp::actors {

/// Starts the run of a subgraph for a task of `parent`'s run. Null when its stored state is fetched
/// first, on a blocking thread; it then starts by itself.
caf::actor spawn_subgraph(caf::actor_system& system, const core::run_machine& parent_machine,
                          const run_order& above_order, crew& team, parent_task parent);

/// Turns the end of a subgraph's run into the outcome of its task.
void report_to_parent(parent_task& parent, const core::run_machine& child, run_result_info info);

}  // namespace mcp::actors
