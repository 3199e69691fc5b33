#pragma once

#include "core/circuit_breaker.hpp"
#include "core/run_machine.hpp"
#include "mcp/metrics.hpp"
#include "mcp/run.hpp"

#include <string_view>

// What the engine measures; docs/metrics.md lists it for those who look at it.

namespace mcp::actors {

/// The counts of a run from here on, for the metrics of its executor. For one thread.
class run_metrics {
 public:
  /// `before`: what the run had used already. `to` may be null: nothing is counted.
  run_metrics(metrics* to, std::string_view graph, bool root, core::instant now, run_usage before);

  void step_ended(core::instant now);
  void dispatched(const core::task& task, std::string_view node);
  void task_ended(const core::task& task, std::string_view node, core::instant now);
  void task_abandoned(std::string_view node);
  void run_ended(run_status status, const run_usage& used, core::instant now);

 private:
  metrics* to_;
  std::string_view graph_;
  bool root_;
  core::instant began_;
  core::instant step_began_;
  run_usage before_;
};

/// "finished", "cached", "interrupted" or "failed".
[[nodiscard]] std::string_view outcome_of(const core::task& task);
void count_breaker(metrics& to, std::string_view name, core::circuit_breaker::state state);
void count_batch(metrics& to, std::size_t writes, core::instant took, bool failed);

}  // namespace mcp::actors
