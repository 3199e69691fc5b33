#pragma once

#include "actors/crew.hpp"
#include "core/task.hpp"
#include "mcp/context.hpp"

namespace mcp::actors {

/// The border where user code ends: turns the exception being handled into the task's outcome.
void record_exception(core::task& task);

/// Asks breaker and cache before an attempt. True when the attempt has its outcome already.
[[nodiscard]] bool answered_early(node_station& station, core::task& task);
/// Tells breaker and cache how an attempt ended; forgets what a cancel would have called.
void report(node_station& station, core::task& task);

/// The same for an attempt that is not waited for; whatever it still reports counts no more.
void report_abandoned(node_station& station, core::task& task);

/// Runs a plain or blocking node's function and fills the task's outcome. Never throws.
void run_attempt(node_station& station, const core::task_pointer& task);

}  // namespace mcp::actors
