#pragma once

#include "system/cluster_system.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::cluster {

/// Whether the run has ended at this server only: it goes on with another one, or the next.
[[nodiscard]] bool is_left(const run_result_info& result);

/// The runs under way at a server. Shared with the runs, which may end after it is needed. Safe
/// from several threads.
class run_ledger : public std::enable_shared_from_this<run_ledger> {
 public:
  using handle_type = run_handle<json_state>;
  struct live_run {
    handle_type handle;
    const cluster_system* of = nullptr;  ///< compared only: it may be gone
    std::string system{};
    std::string version{};
    std::chrono::system_clock::time_point since{};
  };
  struct numbers {
    bool closed = false;
    std::size_t running = 0;
    std::size_t refused = 0;
    std::map<std::string, std::size_t> ended{};  ///< by status; "left": to another server
  };

  /// `most`: under way at once; beyond, new ones are refused.
  explicit run_ledger(std::size_t most) : most_(most) {}

  /// Starts a run of `system` with `make` if there may be one more, and counts it until it has
  /// ended. Throws `shutting_down`, `overloaded`, and what `make` throws.
  template <class Make>
  handle_type start(const cluster_system& system, Make make) {
    const admission one{*this};
    auto run = make();
    follow(system, run);
    return run;
  }
  /// A run that goes on, from now until its end.
  void follow(const cluster_system& system, const handle_type& run);

  /// No new runs; those under way go on.
  void close();
  /// Waits until none is under way; false: some are.
  [[nodiscard]] bool wait_for_runs(std::chrono::milliseconds within);

  [[nodiscard]] std::vector<live_run> live() const;
  [[nodiscard]] bool is_busy(const cluster_system& system) const;
  [[nodiscard]] numbers counted() const;
  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  /// Why a run would be refused now; empty: it would not.
  [[nodiscard]] std::string refusal() const;
  /// Called whenever a run has ended, from a thread of its executor; must neither block nor throw.
  void when_one_ends(std::function<void()> then);

 private:
  /// Of a run that is not followed yet.
  class admission {
   public:
    explicit admission(run_ledger& to);
    admission(const admission&) = delete;
    admission& operator=(const admission&) = delete;
    ~admission();

   private:
    run_ledger& book_;
  };

  void end(const std::string& run_id, const run_result_info& result);
  [[nodiscard]] bool is_full() const { return live_.size() + starting_ >= most_; }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::size_t starting_ = 0;              ///< admitted, and not among `live_` yet
  std::map<std::string, live_run> live_;  ///< by run id
  std::map<std::string, std::size_t> ended_;
  std::size_t refused_ = 0;
  double mean_ms_ = 0;  ///< how long a run takes, the last ones counting most
  std::function<void()> when_one_ends_;
};

}  // namespace mcp::cluster
