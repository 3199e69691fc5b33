#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace mcp::io {

using steady_time = std::chrono::steady_clock::time_point;

/// Time and timers for everything that waits: real on the thread of the HTTP client, virtual in
/// tests. Safe from any thread.
class event_loop {
 public:
  using timer_id = std::uint64_t;

  event_loop() = default;
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  virtual ~event_loop() = default;

  [[nodiscard]] virtual steady_time now() const = 0;
  /// Calls `task` on the loop's thread, at `when` or as soon as possible after it. Tasks of the
  /// same time run in the order they were added. A task must neither block nor throw; it is dropped
  /// uncalled when the loop ends first.
  virtual timer_id call_at(steady_time when, std::function<void()> task) = 0;
  /// The task is not called any more, unless it runs now or has run.
  virtual void forget(timer_id timer) = 0;
};

}  // namespace mcp::io
