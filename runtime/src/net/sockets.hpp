#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

/// TCP sockets, ready for CAF. Whoever gets a descriptor owns it.
namespace mcp::cluster {

/// Where a member listens or is found: "HOST:PORT" or "[IPv6]:PORT".
struct socket_address {
  std::string host{};
  std::uint16_t port = 0;

  /// Throws `invalid_argument` with what is wrong.
  [[nodiscard]] static socket_address parse(const std::string& text);
  [[nodiscard]] std::string text() const;
};

/// Listens there; port 0: a free one. The descriptor, and the port. Throws `connection_failed`.
[[nodiscard]] std::pair<int, std::uint16_t> listen_on(const socket_address& where);
/// Whether all that the host's name stands for is this machine's own.
[[nodiscard]] bool is_loopback(const std::string& host);
/// Connects; tries the addresses of the host one after another. Throws `connection_failed`,
/// `call_timeout`.
[[nodiscard]] int connect_to(const socket_address& where, std::chrono::milliseconds within);

}  // namespace mcp::cluster
