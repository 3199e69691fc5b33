#pragma once

#include "io/event_loop.hpp"
#include "mcp/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What streamable HTTP means, decided without sockets and clocks.
namespace mcp::protocol {

struct stream_limits {
  static constexpr std::size_t header_bytes = 1024;  ///< of a session's or an event's id
  static constexpr int reconnects = 5;               ///< of one stream, in a row without success
  static constexpr std::chrono::milliseconds shortest_pause{100};
  static constexpr std::chrono::milliseconds first_pause{1000};  ///< unless the server says more
  static constexpr std::chrono::milliseconds longest_pause{30'000};
  static constexpr std::chrono::milliseconds longest_asked{600'000};  ///< of the server's `retry`
  static constexpr int stream_burst = 10'000;            ///< events of one stream at once, and
  static constexpr int stream_events_per_second = 1000;  ///< in the long run
};

/// What an HTTP call of ours is for.
enum class http_kind {
  hello,    ///< `initialize`
  request,  ///< any other request
  side,     ///< a notification or an answer of ours
  listen,   ///< the GET for what the server says by itself
  resume,   ///< the GET that goes on with the broken stream of a request
  probe     ///< a ping, to learn whether 400 was said of a request or of its session
};

/// What the head of an answer means.
enum class http_verdict {
  stream,     ///< events follow
  message,    ///< a message follows
  accepted,   ///< nothing follows, and all is well
  expired,    ///< the server has forgotten the session, and has not executed the message
  no_stream,  ///< there is nothing to listen to
  refused,    ///< it will not work
  passing     ///< it may work later
};

struct http_reply {
  int status = 0;             ///< 0: none came
  std::string_view type{};    ///< the header Content-Type
  bool in_session = false;    ///< the call named a session
  bool heard_before = false;  ///< of `listen`: the session had a stream before
};

[[nodiscard]] http_verdict judge(http_kind kind, const http_reply& reply);
/// Whether what was said of a request may be meant of its session: the protocol wants 404 of a
/// server that has forgotten it, but many say 400.
[[nodiscard]] bool is_doubtful(http_kind kind, const http_reply& reply);
[[nodiscard]] bool is_type(std::string_view content_type, std::string_view wanted);
/// Why a call with this answer has failed.
[[nodiscard]] error failure_of(const http_reply& reply);
/// Whether a session's id is one: visible ASCII, not too long.
[[nodiscard]] bool is_session_id(std::string_view text);
/// Whether an event's id can be sent back: no control characters, not too long.
[[nodiscard]] bool is_event_id(std::string_view text);

/// Where one stream of events was, and when to take it up again. Pure.
class stream_memory {
 public:
  /// The server has answered with a stream.
  void connected() { connected_ = true; }
  /// It brought something.
  void received() { empty_ = 0; }
  /// The id of the last event. One that cannot be sent back is forgotten, and what was before it.
  void is_at(std::string_view id);
  /// The server's `retry`.
  void asked(std::chrono::milliseconds pause) { retry_ = pause; }
  /// The stream broke, or could not be had: how long to wait, or nothing after too many failures.
  [[nodiscard]] std::optional<std::chrono::milliseconds> broken();
  /// For the header Last-Event-ID; empty: the stream cannot be taken up where it was.
  [[nodiscard]] const std::string& last_id() const noexcept { return last_id_; }

 private:
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_{};
  bool connected_ = false;
  int failures_ = 0;  ///< in a row
  int empty_ = 0;     ///< connections in a row that brought nothing
};

/// The session that a transport is in.
///
///   closed --open--> greeting --agreed--> announcing --announced--> talking
///     every state --open--> greeting         every state --close--> closed
class http_session {
 public:
  enum class phase : std::uint8_t { closed, greeting, announcing, talking };
  enum class stream : std::uint8_t { none, listening, absent, given_up };

  /// A new one; its number grows.
  void open();
  void close();
  /// Takes the id of the answer to `initialize`, empty for none. Throws `malformed_answer`.
  void named(std::string_view id);
  /// The versions are agreed on; our notification of it is to be sent, and nothing else before.
  void agreed(std::string version);
  /// That notification has been answered, or not in time. True once: requests go, and we listen.
  [[nodiscard]] bool announced();
  /// The server has forgotten it. True once.
  [[nodiscard]] bool expire();

  /// Whether there is something to listen to. False: not any more, or there never was.
  [[nodiscard]] bool may_listen() const noexcept { return stream_ == stream::none; }
  void listening(stream now) noexcept;
  /// A request was answered: what failed too often may work again. True: listen.
  [[nodiscard]] bool lives() noexcept;

  [[nodiscard]] phase where() const noexcept { return phase_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool is_current(std::uint64_t number) const noexcept {
    return phase_ != phase::closed && number == number_;
  }
  /// Neither closed nor of before the last close.
  [[nodiscard]] bool is_alive(std::uint64_t number) const noexcept {
    return phase_ != phase::closed && number > closed_;
  }
  [[nodiscard]] bool heard_before() const noexcept { return heard_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  /// Whether the server knows of a session that is to be ended.
  [[nodiscard]] bool to_end() const noexcept {
    return phase_ != phase::closed && !id_.empty() && !expired_;
  }

 private:
  phase phase_ = phase::closed;
  stream stream_ = stream::none;
  std::uint64_t number_ = 0;
  std::uint64_t closed_ = 0;  ///< the last number that was closed
  std::string id_;
  std::string version_;
  bool expired_ = false;
  bool heard_ = false;
};

}  // namespace mcp::protocol
