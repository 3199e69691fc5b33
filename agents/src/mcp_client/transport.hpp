#pragma once

#include "mcp/error.hpp"
#include "mcp_client/json_rpc.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::protocol {

/// What a transport tells: from any thread, one call at a time for one connection, never from
/// within a call of the transport. They may call the transport, and must not block or throw.
struct transport_events {
  std::function<void(std::string_view)> on_message{};  ///< one JSON-RPC message
  /// The connection is gone, for everything under way; `open` makes a new one. Once per `open`.
  std::function<void(error)> on_closed{};
  /// This request did not get through or will not be answered; others are not affected.
  std::function<void(rpc_id, error)> on_lost{};
  /// The server has forgotten the session; `renew` makes another. Once per session.
  std::function<void()> on_expired{};
  /// This request, whose text is given back, met a forgotten session: it was not executed.
  std::function<void(rpc_id, std::string)> on_unexecuted{};
  std::function<void(std::string_view)> on_log{};  ///< a line for people, perhaps cut
};

/// Carries messages to one server and back. Safe from any thread; nothing blocks.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  /// Makes a new connection; what cannot be done is heard through `on_closed`.
  virtual void open() = 0;
  /// Makes a new session with the same server. What is under way in the old one goes on.
  virtual void renew() { open(); }
  /// `id`: of a request. False: too much waits already, the message is dropped.
  [[nodiscard]] virtual bool send(std::string message, std::optional<rpc_id> id) = 0;
  /// Nobody waits for this request any more; `answered`: as it has its answer.
  virtual void settled(rpc_id id, bool answered) = 0;
  /// The handshake is done, in this version of the protocol.
  virtual void established(const std::string& version) = 0;
  /// Ends the connection, which `on_closed` does not hear, or hears if it is under way already.
  virtual void close() = 0;
};

}  // namespace mcp::protocol
