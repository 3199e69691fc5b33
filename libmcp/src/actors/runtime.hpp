#pragma once

#include "actors/caf.hpp"
#include "actors/lent_thread.hpp"
#include "actors/own_thread.hpp"
#include "actors/ports.hpp"
#include "actors/shared_breaker.hpp"
#include "actors/thread_watch.hpp"
#include "mcp/executor_base.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace mcp::actors {

class store_writer;
class writer_lease;

class runtime;

/// A runtime that may lose its last owner on any thread, its own included.
[[nodiscard]] std::shared_ptr<runtime> make_runtime(const runtime_options& options);

/// What a test gives a runtime that is to move only when the test says so.
struct test_ports {
  std::unique_ptr<clock_port> clock{};
  std::unique_ptr<timer_port> timer{};
  std::unique_ptr<worker_port> workers{};
  std::function<void()> drive{};  ///< runs what there is to run, until nothing is left
};

/// What executors share: the actor system, the clock, the timer, the pool for blocking nodes, and
/// one writer per store. Safe from several threads.
class runtime : public std::enable_shared_from_this<runtime> {
 public:
  explicit runtime(const runtime_options& options);
  /// For tests: CAF's deterministic scheduler and ports that the test owns.
  runtime(const runtime_options& options, test_ports ports);
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  [[nodiscard]] caf::actor_system& system() noexcept { return *system_; }
  [[nodiscard]] clock_port& clock() noexcept { return *clock_; }
  [[nodiscard]] timer_port& timer() noexcept { return *timer_; }
  [[nodiscard]] worker_port& workers() noexcept { return *workers_; }
  [[nodiscard]] runtime_breakers& breakers() noexcept { return breakers_; }
  [[nodiscard]] const runtime_options& options() const noexcept { return options_; }
  [[nodiscard]] bool deterministic() const noexcept { return drive_ != nullptr; }
  /// Before a wait: under the deterministic scheduler nothing moves by itself.
  void drive() const {
    if (drive_) drive_();
  }
  /// For a caller that waits for its run; give it back afterwards.
  [[nodiscard]] std::unique_ptr<lent_thread> take_lent_thread();
  void give_back(std::unique_ptr<lent_thread> lent);
  [[nodiscard]] writer_lease writer_for(std::shared_ptr<checkpoint_store> store);
  /// For `writer_lease`.
  void give_back_writer(const std::shared_ptr<store_writer>& writer);

 private:
  struct config;
  void start(const char* policy);

  runtime_options options_;
  std::function<void()> drive_;
  thread_watch watch_;
  std::unique_ptr<config> config_;
  std::unique_ptr<clock_port> clock_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<timer_port> timer_;
  std::unique_ptr<worker_port> workers_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<lent_thread>> lent_;
  struct used_writer {
    std::shared_ptr<store_writer> writer;
    std::size_t users;
  };
  std::vector<used_writer> writers_;
  runtime_breakers breakers_;
};

}  // namespace mcp::actors
