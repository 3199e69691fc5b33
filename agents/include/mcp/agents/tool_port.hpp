#pragma once

#include "mcp/agents/chat_model.hpp"
#include "mcp/context.hpp"
#include "mcp/policy.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mcp {

/// Longest arguments of a call, in bytes of JSON text. Longer ones go back to the model as an
/// error.
inline constexpr std::size_t max_tool_arguments_bytes = 1024 * 1024;

/// What a call of a tool produced, for the model to read.
struct tool_result {
  std::string content{};
  bool is_error = false;  ///< the call did not do what was asked; `content` says why

  friend bool operator==(const tool_result&, const tool_result&) = default;
};
MCP_STRUCT(tool_result, content, is_error)

/// How far a call is: the payload of the custom event `tool_progress` of a run.
struct tool_progress {
  std::string tool{};     ///< its name, as the model knows it
  std::string call_id{};  ///< as the model gave it
  double progress = 0;    ///< grows; in units of the tool
  double total = 0;       ///< of the same units; 0: not known
  std::string message{};  ///< for people; may be empty

  friend bool operator==(const tool_progress&, const tool_progress&) = default;
};
MCP_STRUCT(tool_progress, tool, call_id, progress, total, message)

/// Decides whether a person is asked before this call.
using approval_rule = std::function<bool(const tool_call&)>;
/// The rule that a person is asked before every call.
[[nodiscard]] inline bool ask_always(const tool_call&) {
  return true;
}

/// How calls of a tool are run. The limits count all calls through one `tool_set`.
struct tool_options {
  /// The function may wait for files, sockets, locks: it runs on a bounded pool of threads.
  bool blocking = false;
  /// Longest time of one attempt, without the wait for its turn; zero: no limit. An attempt out of
  /// time is told through `on_cancel` and `cancelled`, and fails with `call_timeout`.
  milliseconds timeout{0};
  /// Repeats failed attempts, but never for arguments that do not fit.
  std::optional<retry_policy> retry{};
  /// Most attempts at once; zero: no limit. A blocking attempt keeps its place until its function
  /// returns, even if it is out of time.
  std::size_t concurrency = 0;
  std::size_t queue = 1000;  ///< calls that wait for their turn; more fail with `overloaded`
  /// Reuses results, errors excepted, for arguments that are equal as JSON with the same order.
  std::optional<cache_policy> cache{};
  approval_rule approval{};  ///< empty: nobody is asked
  /// Failed calls become a message to the model instead of failing the node. Arguments that do not
  /// fit always do; a cancelled call and an exhausted budget never do.
  bool tell_model = false;
  std::size_t max_result_bytes = 1024 * 1024;  ///< longer results are cut, and say so
};

/// What stands behind a `tool_context`; the runner of calls implements it. Safe from any thread.
class MCP_AGENTS_EXPORT tool_port {
 public:
  tool_port() = default;
  tool_port(const tool_port&) = delete;
  tool_port& operator=(const tool_port&) = delete;
  virtual ~tool_port();
  /// False when the tool had answered before; an answer nobody waits for any more is dropped.
  virtual bool done(tool_result result) = 0;
  virtual bool fail(failure reason) = 0;
  [[nodiscard]] virtual mcp::context& context() noexcept = 0;
  [[nodiscard]] virtual const std::string& call_id() const noexcept = 0;
  [[nodiscard]] virtual const std::string& idempotency_key() const noexcept = 0;
  /// What the caller calls the tool; by default empty: the tool's own name.
  [[nodiscard]] virtual std::string_view tool_name() const noexcept { return {}; }
  [[nodiscard]] virtual int attempt() const noexcept = 0;
  [[nodiscard]] virtual bool cancelled() const noexcept = 0;
  virtual void on_cancel(std::function<void()> stop) = 0;
};

/// A tool's view of the call it works on. Copies share it; safe from any thread.
class tool_context {
 public:
  explicit tool_context(std::shared_ptr<tool_port> port) : port_(std::move(port)) {}

  /// The call's id, as the model gave it.
  [[nodiscard]] const std::string& call_id() const noexcept { return port_->call_id(); }
  /// The same on every attempt of this call, and when it is repeated after a crash: hand it to
  /// whoever must not do the same thing twice.
  [[nodiscard]] const std::string& idempotency_key() const noexcept {
    return port_->idempotency_key();
  }
  /// What the model calls the tool, as other names may stand before its own; empty: its own.
  [[nodiscard]] std::string_view tool_name() const noexcept { return port_->tool_name(); }
  [[nodiscard]] int attempt() const noexcept { return port_->attempt(); }  ///< 1-based
  /// True when the result is no longer wanted: cancelled, or out of time.
  [[nodiscard]] bool cancelled() const noexcept { return port_->cancelled(); }
  /// Calls `stop` once when the result is no longer wanted, from any thread; at once if that is
  /// already so. It must not block.
  void on_cancel(std::function<void()> stop) const { port_->on_cancel(std::move(stop)); }
  /// The context of the node that calls; valid as long as this object. A tool must not `ask`: that
  /// is what `tool_options::approval` is for. One thread at a time.
  [[nodiscard]] mcp::context& context() const noexcept { return port_->context(); }

 protected:
  std::shared_ptr<tool_port> port_;
};

/// The answer a tool owes: exactly one, from any thread, at any time. Copies share it. When the
/// last copy goes without an answer the attempt fails with `reply_dropped`; a second answer throws
/// `invalid_argument`. An answer that comes too late is dropped.
class tool_reply : public tool_context {
 public:
  using tool_context::tool_context;

  void done(tool_result result) const { once(port_->done(std::move(result))); }
  template <std::convertible_to<std::string> Text>
  void done(Text&& content) const {
    done(tool_result{.content = std::forward<Text>(content)});
  }
  void fail(error reason) const { once(port_->fail({.error = std::move(reason)})); }
  void fail(const std::string& reason) const { fail(error{errc::tool_failed, reason}); }

 private:
  static void once(bool first) {
    if (!first) throw error{errc::invalid_argument, "a tool answered twice"};
  }
};

}  // namespace mcp
