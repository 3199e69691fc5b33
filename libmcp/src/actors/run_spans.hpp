#pragma once

#include "actors/run_link.hpp"
#include "mcp/tracing.hpp"

#include <string>
#include <string_view>

// The spans that the engine makes; docs/traces.md lists them for those who look at them.

namespace mcp::actors {

/// The spans of a run, or of a subgraph's, from here on. For one thread, that of the run's actor.
class run_spans {
 public:
  /// For a link with a sink.
  run_spans(const run_link& link, core::instant now);

  void dispatched(core::task& task, core::instant now);
  /// `abandoned`: nobody waits for its end. Nothing when its span has ended already.
  void task_ended(core::task& task, std::string_view node, core::instant now,
                  bool abandoned = false);
  void step_ended(core::instant now) {
    if (step_.place.span != 0) end_step(now, false);
  }
  void run_ended(const run_result_info& result, core::instant now);

 private:
  void end_step(core::instant now, bool failed);
  [[nodiscard]] std::uint64_t next_id();

  const run_link& link_;
  std::uint64_t seed_ = 0;
  span run_{};
  span step_{};  ///< without an id: there is none
};

/// Where the spans of a run belong: below its caller's, or in a trace of its own. Throws
/// `invalid_argument` for a `traceparent` that is none.
[[nodiscard]] trace_context trace_of_run(const run_options& options, std::string_view run_id);

}  // namespace mcp::actors
