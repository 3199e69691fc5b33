#pragma once

#include "io/event_loop.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mcp::io {

class http_transfer;

/// What other threads leave for the thread of an HTTP client, and its timers. Safe from any thread.
class http_mailbox {
 public:
  using transfers = std::vector<std::shared_ptr<http_transfer>>;
  struct letters {
    transfers started{};
    transfers cancelled{};
    bool closing = false;
  };

  /// `wake` interrupts the wait of the loop's thread.
  explicit http_mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void belongs_to(std::thread::id loop);
  void start(std::shared_ptr<http_transfer> transfer);
  void cancel(std::shared_ptr<http_transfer> transfer);
  event_loop::timer_id add_timer(steady_time when, std::function<void()> task);
  /// Without a limit: for the loop's own, one per call.
  event_loop::timer_id add_own_timer(steady_time when, std::function<void()> task);
  void forget(event_loop::timer_id timer);
  /// Asks the loop to end.
  void close();
  /// The loop has ended: from now on nobody is woken, and what is sent is dropped.
  void shut();

  /// For the loop's thread.
  [[nodiscard]] letters take();
  /// The next timer due that is older than `before`; empty: none.
  [[nodiscard]] std::function<void()> take_due(steady_time now, event_loop::timer_id before);
  [[nodiscard]] event_loop::timer_id next_timer_id();
  /// How long the loop may sleep.
  [[nodiscard]] std::chrono::milliseconds next_wait(steady_time now);

 private:
  void wake_loop();
  event_loop::timer_id insert(steady_time when, std::function<void()> task);

  std::mutex mutex_;
  std::function<void()> wake_;
  std::thread::id loop_{};
  letters letters_;
  std::map<std::pair<steady_time, event_loop::timer_id>, std::function<void()>> timers_;
  std::unordered_map<event_loop::timer_id, steady_time> times_;
  event_loop::timer_id next_id_ = 1;
};

}  // namespace mcp::io
