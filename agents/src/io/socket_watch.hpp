#pragma once

#include "io/event_loop.hpp"

#include <chrono>
#include <optional>

#include <curl/curl.h>

namespace mcp::io {

/// Drives a multi handle of libcurl by its sockets: they stand in an epoll set, so that an event
/// costs the same however many calls are silent. Belongs to one thread, but for `wake`.
class socket_watch {
 public:
  /// `multi` is borrowed. Throws `connection_failed` when the system gives no files.
  explicit socket_watch(CURLM* multi);
  socket_watch(const socket_watch&) = delete;
  socket_watch& operator=(const socket_watch&) = delete;
  ~socket_watch();

  /// Waits for sockets, libcurl's own timer or `wake`, at most so long; then has libcurl go on with
  /// the calls concerned.
  void turn(std::chrono::milliseconds longest);
  /// Ends the wait of `turn`, or of the next one. Safe from any thread.
  void wake() const noexcept;

 private:
  void watch(curl_socket_t socket, int what) const noexcept;
  void set_timer(long after) noexcept;
  void act(curl_socket_t socket, int what) const noexcept;

  CURLM* multi_;
  int poll_ = -1;
  int bell_ = -1;
  std::optional<steady_time> timer_{};
};

}  // namespace mcp::io
