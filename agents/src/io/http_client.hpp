#pragma once

#include "io/event_loop.hpp"
#include "mcp/error.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace mcp::io {

struct http_limits {
  static constexpr std::size_t body = 64UL << 20;           ///< bytes of one answer, by default
  static constexpr std::size_t header_bytes = 256UL << 10;  ///< all headers of one answer
  static constexpr std::size_t waiting_calls = 100'000;     ///< not yet begun, by default
  static constexpr std::size_t calls_in_flight = 10'000;    ///< by default, if the files suffice
  static constexpr std::size_t files_kept_free = 256;       ///< of RLIMIT_NOFILE, for others
  static constexpr std::size_t idle_connections = 256;      ///< kept for reuse
  static constexpr std::size_t timers = 1'000'000;          ///< of one loop
};

struct http_header {
  std::string name{};
  std::string value{};
};

/// How long a call may take; zero: no limit.
struct http_timeouts {
  std::chrono::milliseconds connect{10'000};  ///< name look-up, TCP and TLS
  std::chrono::milliseconds first_byte{0};    ///< from the connection to the first header
  std::chrono::milliseconds idle{0};          ///< between two pieces of the answer
  std::chrono::milliseconds total{0};         ///< from `start`, waiting for a free place included
};

struct http_request {
  std::string method = "GET";
  std::string url{};  ///< http or https
  std::vector<http_header> headers{};
  std::string body{};
  http_timeouts timeouts{};
  std::size_t max_body = http_limits::body;
  int follow_redirects = 0;  ///< at most so many; all headers of the request go to the new host too
  std::string ca_file{};     ///< PEM; empty: the system's store
  /// False refuses the address before a byte is sent to it. With a filter no proxy is used, as the
  /// far end would be hidden behind it. Called on the loop's thread.
  std::function<bool(const sockaddr&)> allow_address{};
};

/// Status and headers of the last answer: those of redirects that were followed are not shown.
struct http_head {
  int status = 0;
  std::string url{};  ///< where the answer came from, after redirects
  std::vector<http_header> headers{};

  /// The first header of this name in any case, or empty.
  [[nodiscard]] std::string_view find(std::string_view name) const noexcept;
};

/// How a call ended. Without a failure the whole answer was received, whatever its status.
struct http_end {
  /// `connection_failed`, `call_timeout` (its message names the limit), `too_large`, `cancelled`,
  /// `access_denied` (the address filter), `overloaded` or `invalid_argument` (the URL).
  std::optional<error> failure{};
  bool passing = false;  ///< the same call may work later
};

/// What a caller wants to hear; any of them may be empty. Called on the loop's thread, one at a
/// time; must not block. What the first two throw ends the call; `on_end` must not throw.
struct http_events {
  std::function<void(const http_head&)> on_headers{};
  /// A piece of the body, valid for the length of the call. False: no more is wanted, and the call
  /// ends with `cancelled`.
  std::function<bool(std::string_view)> on_data{};
  std::function<void(http_end)> on_end{};  ///< exactly once, whatever happens
};

/// A call under way. Letting go of it does not stop the call.
class http_call {
 public:
  http_call() = default;
  http_call(const http_call&) = delete;
  http_call& operator=(const http_call&) = delete;
  virtual ~http_call() = default;
  /// Closes the socket at once; `on_end` hears `cancelled` on the loop's thread, unless the call
  /// had ended. Safe from any thread, idempotent.
  virtual void cancel() = 0;
};

struct http_client_options {
  std::size_t waiting_calls = http_limits::waiting_calls;
  std::size_t calls_in_flight = 0;  ///< 0: `http_limits`, as far as the process may open files
};

/// Carries any number of calls on one thread, and is the event loop of that thread. Reuses
/// connections, honours the proxy variables of the environment. Safe from any thread.
class http_client final : public event_loop {
 public:
  explicit http_client(http_client_options options = {});
  /// Ends all calls (`cancelled`), drops all timers and joins the thread: not to be called on it.
  ~http_client() override;

  /// The one of this process.
  [[nodiscard]] static http_client& shared();

  /// Returns at once; everything else, errors included, reaches the events. Only `overloaded` (too
  /// many calls wait) does so before this returns, on the caller's thread.
  std::shared_ptr<http_call> start(http_request request, http_events events);

  [[nodiscard]] steady_time now() const override { return std::chrono::steady_clock::now(); }
  /// Throws `overloaded` beyond `http_limits::timers`.
  timer_id call_at(steady_time when, std::function<void()> task) override;
  void forget(timer_id timer) override;

 private:
  class loop;
  std::unique_ptr<loop> loop_;
};

/// Where a URL leads.
struct url_place {
  std::string scheme{};  ///< "http" or "https"
  std::string host{};    ///< in small letters, without brackets
  std::string port{};

  [[nodiscard]] bool is_loopback() const;
  /// Scheme, host and port: no path, which may hold secrets. For messages.
  [[nodiscard]] std::string text() const;
};

/// Nothing: not an http or https URL.
[[nodiscard]] std::optional<url_place> place_of(const std::string& url);

}  // namespace mcp::io
