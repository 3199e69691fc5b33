#pragma once

#include "actors/crew.hpp"
#include "core/task.hpp"

namespace mcp::actors {

/// Starts an asynchronous node; its answer goes to `run`, and `gate`, if set, hears that the place
/// is free.
void begin_async(std::shared_ptr<node_station> station, caf::actor run, core::task_pointer task,
                 caf::actor gate);

}  // namespace mcp::actors
