#pragma once

#include "mcp/agents/tool_port.hpp"
#include "mcp/json_schema.hpp"
#include "mcp_client/allowance.hpp"
#include "mcp_client/session.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace mcp::protocol {

/// One call of a server's tool: gives its progress and its end to whoever called. Safe from any
/// thread; no progress is shown after the end.
class remote_call {
 public:
  /// Events of one call at once, and in the long run. What is more is only a sign of life.
  static constexpr int progress_burst = 20;
  static constexpr int progress_per_second = 10;
  using output_schema = std::shared_ptr<const std::optional<json_schema>>;

  remote_call(std::string tool, output_schema output, tool_reply reply)
      : tool_(std::move(tool)), output_(std::move(output)), reply_(std::move(reply)) {}

  /// Emits `tool_progress` into the run, as often as may be; always a sign of life.
  void show(const rpc_progressed& how_far, io::steady_time now);
  void end(outcome how);

 private:
  const std::string tool_;
  const output_schema output_;
  std::mutex mutex_;  ///< of what follows, and of the run's context
  std::optional<tool_reply> reply_;
  allowance events_{progress_burst, progress_per_second};
};

}  // namespace mcp::protocol
