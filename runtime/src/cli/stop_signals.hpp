#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace mcp::cluster {

/// Turns SIGINT and SIGTERM into calls, from a thread of its own; SIGPIPE into a failing write. One
/// at a time in a process. The third signal ends the process with code 130.
class stop_signals {
 public:
  stop_signals();
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// How often the process was asked to stop.
  [[nodiscard]] int count() const noexcept;
  /// `on_stop` is called with the count at each signal, and at once if there was one. Null: nobody.
  /// It must not call back into this object.
  void watch(std::function<void(int)> on_stop);
  /// A file descriptor that is readable once a signal has come; owned by this object.
  [[nodiscard]] int wake_descriptor() const noexcept;
  /// Waits; true when a signal came, before or meanwhile.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp::cluster
