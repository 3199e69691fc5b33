#pragma once

#include "cli/answers.hpp"
#include "cli/command_line.hpp"
#include "cli/display.hpp"
#include "cli/person.hpp"
#include "cli/stop_signals.hpp"
#include "cli/traces.hpp"
#include "mcp/executor.hpp"
#include "system/cluster_system.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mcp::cluster {

/// `run` and `resume`: a run from its start to its end, with whoever answers its questions.
class session {
 public:
  session(const command_options& options, stop_signals& signals);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Each returns what the program ends with.
  [[nodiscard]] int run();
  [[nodiscard]] int resume();

 private:
  using handle = run_handle<json_state>;

  [[nodiscard]] run_options options_of_run() const;
  /// Takes up the store's unfinished runs: the one of `thread` is returned, the others go on too.
  std::optional<handle> recover(const std::string& thread);
  /// Says so when the file is not the one that the thread was run with, and keeps the one it is.
  void pin(const std::string& thread);
  /// Follows the run to its end, through all questions that somebody answers.
  run_result_info drive(handle current);
  /// Signals stop these runs.
  void watch(const std::optional<handle>& current);
  /// Nothing when not a single question is answered.
  std::optional<answers> collect(const std::vector<pending_interrupt>& asked);
  void wait_for_others();
  int report(const run_result_info& result);
  void report_wait(const run_result_info& result);
  void report_stop(const run_result_info& result);
  void say_summary(const run_result_info& result);
  [[nodiscard]] int code_of(const run_result_info& result) const;

  const command_options& options_;
  stop_signals& signals_;
  std::shared_ptr<cluster_system> system_;
  std::shared_ptr<otlp_exporter> traces_;  ///< null: nobody wants spans
  display display_;
  person person_;
  given_answers given_;
  bool limited_;          ///< the file limits what a run may use
  bool changed_ = false;  ///< the file, since the thread was run before
  std::vector<handle> others_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace mcp::cluster
