#pragma once

#include "io/http_client.hpp"
#include "mcp_client/transport.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mcp::protocol {

struct http_options {
  static constexpr std::size_t side_calls = 64;  ///< notifications and answers under way
  static constexpr int reconnects = 5;           ///< of one stream that brings nothing
  static constexpr std::size_t session_bytes = 1024;
  static constexpr std::chrono::milliseconds first_pause{1000};  ///< unless the server says more
  static constexpr std::chrono::milliseconds longest_pause{30'000};
  std::string url{};
  std::vector<io::http_header> headers{};
  std::string ca_file{};
  std::size_t message_bytes = 8UL << 20;
  std::chrono::milliseconds connect_timeout{30'000};
};

/// Streamable HTTP: a POST for each message of ours, answered by JSON or a stream of events, and a
/// GET stream for what the server says by itself. Streams that break are taken up again where they
/// were, if the server gave ids. A session that the server has forgotten ends the connection.
class http_transport final : public transport {
 public:
  http_transport(http_options options, transport_events events);
  ~http_transport() override;

  void open() override;
  [[nodiscard]] bool send(std::string message, std::optional<rpc_id> id) override;
  void settled(rpc_id id, bool answered) override;
  void established(const std::string& version) override;
  void close() override;

 private:
  class line;
  std::shared_ptr<line> line_;
};

}  // namespace mcp::protocol
