#pragma once

#include "io/event_loop.hpp"
#include "mcp_client/json_rpc.hpp"
#include "mcp_client/restart_window.hpp"
#include "mcp_client/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mcp::protocol {

using outcome = std::variant<json, error>;

struct session_options {
  std::string name{};  ///< of the server
  rpc_limits limits{};
  rpc_patience patience{};
  std::chrono::milliseconds connect_timeout{30'000};
  int restarts = 5;
  std::chrono::milliseconds restart_period{60'000};
};

/// What a session tells; from any thread, without a lock held. Must not block or throw.
struct session_events {
  std::function<void()> on_ready{};          ///< after each handshake
  std::function<void(error)> on_given_up{};  ///< for good
  std::function<void(const std::string& method, const json& params)> on_notification{};
  std::function<void(std::string_view)> on_log{};
};

/// The conversation with one server: handshake, requests, restarts. A request that is made while
/// the connection is being made waits for it. When the server has forgotten the session a new one
/// is made, one for all: requests that it has not executed are sent there once more, those under
/// way go on. Restarts and new sessions together are bounded by the options. Safe from any thread;
/// nothing blocks.
class session final : public std::enable_shared_from_this<session> {
 public:
  using make_transport = std::function<std::unique_ptr<transport>(transport_events)>;

  session(session_options options, session_events events, io::event_loop& loop);

  void start(const make_transport& make);
  /// `on_end` is called once, perhaps before this returns. The id is for `cancel`; 0: it has ended.
  rpc_id call(const std::string& method, json params, std::function<void(outcome)> on_end,
              std::function<void(const rpc_progressed&)> on_progress = {});
  /// Ends a request of ours and tells the server; its `on_end` hears `cancelled`.
  void cancel(rpc_id id);
  /// Ends everything, and frees the transport: waits for a child process.
  void stop();

  [[nodiscard]] std::string version() const;
  [[nodiscard]] json server() const;  ///< the answer to `initialize`
  [[nodiscard]] rpc_counts counts() const;
  [[nodiscard]] std::uint64_t starts() const;

 private:
  enum class phase { idle, handshake, ready, waiting, ended };
  struct request {
    std::function<void(outcome)> on_end{};
    std::function<void(const rpc_progressed&)> on_progress{};
    std::string text{};   ///< until it is sent
    bool resent = false;  ///< it has met a forgotten session before
  };
  /// What is to be called once the lock is free.
  using calls = std::vector<std::function<void()>>;

  /// Works with the lock held, then calls what came of it.
  template <class Work>
  void locked(Work&& work) {
    calls later;
    {
      const std::lock_guard lock{mutex_};
      work(later);
      arm();
    }
    for (const auto& call : later) call();
  }
  [[nodiscard]] transport_events heard();
  void begin(bool same_server, calls& later);
  void begin_after(std::chrono::milliseconds wait, bool same_server);
  void send_waiting(calls& later);
  void expired(calls& later);
  void unexecuted(rpc_id id, std::string text, calls& later);
  void shaken(const outcome& answer, calls& later);
  void received(std::string_view text);
  void take(rpc_event& event, calls& later);
  void asked(const rpc_asked& question);
  void lost(error why, calls& later);
  void give_up(const error& why, calls& later);
  void finish(rpc_id id, outcome how, calls& later);
  void fail_sent(const error& why, calls& later);
  void arm();
  void timer();
  void notify(const std::string& method, json params);
  [[nodiscard]] error named(const error& why) const;

  const session_options options_;
  const session_events events_;
  io::event_loop& loop_;
  mutable std::mutex mutex_;  ///< of what follows
  phase phase_ = phase::idle;
  json_rpc rpc_;
  restart_window restarts_;
  std::unique_ptr<transport> transport_;
  std::map<rpc_id, request> requests_;
  rpc_id hello_ = 0;  ///< of the handshake
  std::optional<io::steady_time> armed_{};
  io::event_loop::timer_id timer_ = 0;
  std::optional<error> end_{};
  std::string version_;
  json server_;
  std::uint64_t starts_ = 0;
};

}  // namespace mcp::protocol
