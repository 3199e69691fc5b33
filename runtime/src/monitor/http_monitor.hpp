#pragma once

#include "net/sockets.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mcp::cluster {

inline constexpr std::size_t max_monitor_clients = 32;         ///< more are closed at once
inline constexpr std::size_t max_monitor_request = 8UL << 10;  ///< bytes of a request's head
/// For a request to arrive and for an answer to be taken.
inline constexpr std::chrono::seconds monitor_patience{5};

/// Answers GET and HEAD over HTTP/1.1, for those who watch a process: metrics and health. It has a
/// thread of its own and bounds for whatever strangers do.
class http_monitor {
 public:
  struct answer {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body{};
  };
  /// For a path without its query; on the monitor's thread. What it throws becomes status 500.
  using handler = std::function<answer(std::string_view path)>;

  /// Listens; port 0: a free one. Throws `connection_failed`.
  http_monitor(const socket_address& where, handler handle);
  http_monitor(const http_monitor&) = delete;
  http_monitor& operator=(const http_monitor&) = delete;
  /// Closes the connections and waits for an answer under way.
  ~http_monitor();

  [[nodiscard]] const socket_address& address() const noexcept;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp::cluster
