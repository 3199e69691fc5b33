#pragma once

#include "mcp_client/child_process.hpp"
#include "mcp_client/transport.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace mcp::protocol {

struct stdio_options {
  static constexpr std::size_t log_line_bytes = 4096;  ///< a longer line is dropped
  child_options child{};
  std::size_t message_bytes = 8UL << 20;   ///< longest line of the server
  std::size_t waiting_bytes = 16UL << 20;  ///< most that waits to be written
  std::chrono::milliseconds grace{2000};   ///< to end by itself, and again after SIGTERM
};

/// A server as a child process: one message a line. One thread per server reads, writes and starts
/// it. The destructor waits for the end of the process: twice `grace` at most.
class stdio_transport final : public transport {
 public:
  stdio_transport(stdio_options options, transport_events events);
  ~stdio_transport() override;

  void open() override;
  [[nodiscard]] bool send(std::string message, std::optional<rpc_id> id) override;
  void settled(rpc_id, bool) override {}
  void established(const std::string&) override {}
  void close() override;

 private:
  class worker;
  std::shared_ptr<worker> worker_;
};

}  // namespace mcp::protocol
