#pragma once

#include "cli/serve_desk.hpp"
#include "cli/stop_signals.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

// How the commands that stay end when they are asked to.

namespace mcp::cluster {

/// Ends the process when its own end takes too long: a node's code does not return, or a store is
/// away. Then what a crash would keep is kept, which is all that was accepted.
class last_resort {
 public:
  last_resort() = default;
  /// The end was in time.
  ~last_resort();
  last_resort(const last_resort&) = delete;
  last_resort& operator=(const last_resort&) = delete;

  /// Once. The process ends with `code` after `within`.
  void arm(std::chrono::milliseconds within, int code);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

/// Waits until `done`, a second signal, or the time is over. Whether it is done.
[[nodiscard]] bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds within,
                              const stop_signals& signals);

/// Lets the runs of a server end within `patience`, unless a second signal comes; those that do not
/// are left to the next server.
void let_runs_end(serve_desk& desk, std::chrono::milliseconds patience,
                  const stop_signals& signals);

/// Says in the log when the store goes away, and when it is back. For one thread.
class trouble_log {
 public:
  /// `trouble`: of now; empty: none.
  void look(const std::string& trouble);

 private:
  bool away_ = false;
};

}  // namespace mcp::cluster
