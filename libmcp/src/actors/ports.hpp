#pragma once

#include "core/task.hpp"
#include "mcp/checkpoint_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace mcp::actors {

/// Time and chance for everything above; a test owns them. Safe from several threads.
class clock_port {
 public:
  virtual ~clock_port() = default;
  [[nodiscard]] virtual core::instant now() = 0;
  [[nodiscard]] virtual store_time wall() = 0;
  /// The same, as exactly as it is known: since 1970, UTC.
  [[nodiscard]] virtual std::chrono::nanoseconds since_epoch() { return wall().time_since_epoch(); }
  [[nodiscard]] virtual std::uint64_t random() = 0;
};

/// Calls back later. Safe from several threads; callbacks are short and come on the timer's thread.
class timer_port {
 public:
  using id = std::uint64_t;
  virtual ~timer_port() = default;
  /// At `due`, or at once when it has passed.
  virtual id at(core::instant due, std::function<void()> callback) = 0;
  /// False when it has run or is running.
  virtual bool cancel(id which) = 0;
  /// No callback runs when it returns, and none will: later wishes are forgotten.
  virtual void stop() {}
};

/// Runs jobs that may block. Safe from several threads.
class worker_port {
 public:
  virtual ~worker_port() = default;
  /// False when its queue is full or it was stopped.
  [[nodiscard]] virtual bool submit(std::function<void()> job) = 0;
  /// All accepted jobs have run when it returns; no more are accepted.
  virtual void stop() {}
};

[[nodiscard]] std::unique_ptr<clock_port> make_system_clock();
[[nodiscard]] std::unique_ptr<timer_port> make_timer_thread(clock_port& clock);
[[nodiscard]] std::unique_ptr<worker_port> make_worker_pool(std::size_t threads,
                                                            std::size_t queue_limit);

}  // namespace mcp::actors
