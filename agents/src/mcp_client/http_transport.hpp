#pragma once

#include "mcp_client/http_errand.hpp"
#include "mcp_client/transport.hpp"

#include <memory>
#include <string>

namespace mcp::protocol {

class http_line;

/// Streamable HTTP: a POST for each message of ours, answered by JSON or a stream of events, and a
/// GET stream for what the server says by itself. Streams that break are taken up again where they
/// were, if the server gave ids. Redirects are not followed. A session that the server has
/// forgotten is told by `on_expired`; what met it by `on_unexecuted`. The end of a session is told
/// to the server by DELETE; the destructor waits for that a short time (`farewell_wait`) at most,
/// and not on the loop's thread.
class http_transport final : public transport {
 public:
  http_transport(http_options options, transport_events events);
  ~http_transport() override;

  void open() override;
  void renew() override;
  [[nodiscard]] bool send(std::string message, std::optional<rpc_id> id) override;
  void settled(rpc_id id, bool answered) override;
  void established(const std::string& version) override;
  void close() override;

 private:
  std::shared_ptr<http_line> line_;
};

}  // namespace mcp::protocol
