#pragma once

#include "cli/run_ledger.hpp"
#include "cli/served_systems.hpp"
#include "control/control_server.hpp"
#include "members/cluster_server.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace mcp::cluster {

/// What a server does when it is asked: docs/cluster.md lists the requests. Safe from several
/// threads.
class serve_desk {
 public:
  /// `most_runs`: under way at once; beyond, new ones are refused.
  serve_desk(std::shared_ptr<cluster_server> server, std::size_t most_runs,
             served_systems::settings systems);

  /// Takes up the unfinished runs of the store: see `served_systems`.
  void begin() { systems_.begin(); }
  /// After `begin`.
  void handle(const nlohmann::json& request, const control_server::line_sink& answer);

  /// Sets what is counted here and not by the executor.
  void measure(metrics& to);
  /// Why it would refuse a run now; empty: it would not.
  [[nodiscard]] std::string refusal() const;
  /// Whether those that have not ended outlive this process.
  [[nodiscard]] bool keeps_runs() const;
  /// Why the store takes nothing at present; empty: it does, as far as is known.
  [[nodiscard]] std::string trouble() const { return systems_.trouble(); }

  /// No new runs; those under way go on.
  void close();
  /// Waits until none is under way; false: some are.
  [[nodiscard]] bool wait_for_runs(std::chrono::milliseconds within) {
    return runs_->wait_for_runs(within);
  }
  /// Leaves the runs to the next server: at the end of their superstep; `now`: at once.
  void hand_over(bool now) { systems_.hand_over(now); }
  [[nodiscard]] std::size_t running() const { return runs_->counted().running; }

 private:
  /// The system that a request names: the text that comes with it, or the server's own.
  [[nodiscard]] std::shared_ptr<cluster_system> system_for(const nlohmann::json& request);
  [[nodiscard]] static run_options options_for(const cluster_system& system,
                                               const nlohmann::json& request);

  void submit(const nlohmann::json& request, const control_server::line_sink& answer);
  void resume(const nlohmann::json& request, const control_server::line_sink& answer);
  void wait(const nlohmann::json& request, const control_server::line_sink& answer);
  /// Why no new run is taken though there might be more; empty: it is.
  [[nodiscard]] std::string crowd() const;
  [[nodiscard]] nlohmann::ordered_json cancel(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json drain(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json status();
  [[nodiscard]] nlohmann::ordered_json members();
  [[nodiscard]] nlohmann::ordered_json runs() const;

  const std::shared_ptr<cluster_server> server_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::shared_ptr<run_ledger> runs_;
  served_systems systems_;
};

}  // namespace mcp::cluster
