#pragma once

#include "mcp/export.hpp"

#include <concepts>
#include <string>

namespace mcp {

class context_port;

/// What a line of a log is about. Empty, or 0: it is about none, or that is not known.
struct log_fields {
  std::string run{};
  std::string thread{};
  std::string graph{};
  std::string node{};
  std::string task{};
  int attempt = 0;
  std::string agent{};
  std::string member{};
};

/// As long as it lives, what its thread logs is about something. The innermost counts. The engine
/// has one around each call of a node, a router or an agent's handler; a node that goes on on a
/// thread of its own may make one there. What it is about is asked for only when a line is written.
class MCP_EXPORT log_scope {
 public:
  /// About a task: `ctx.port()`. Borrows it.
  explicit log_scope(const context_port& task) noexcept;
  /// `describe` fills in the fields. Borrowed, and called on this thread only.
  template <std::invocable<log_fields&> Describe>
  explicit log_scope(const Describe& describe) noexcept
      : log_scope(&describe, [](const void* what, log_fields& to) {
          (*static_cast<const Describe*>(what))(to);
        }) {}
  ~log_scope();
  log_scope(const log_scope&) = delete;
  log_scope& operator=(const log_scope&) = delete;

 private:
  using describe_function = void (*)(const void* what, log_fields& to);
  log_scope(const void* what, describe_function describe) noexcept;
  friend MCP_EXPORT log_fields current_log_fields();

  const void* what_;
  describe_function describe_;
  const log_scope* outer_;
};

/// What the calling thread is at: for those who write a log.
[[nodiscard]] MCP_EXPORT log_fields current_log_fields();

}  // namespace mcp
