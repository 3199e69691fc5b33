#pragma once

#include "io/event_loop.hpp"
#include "mcp/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::protocol {

using json = nlohmann::json;
using rpc_id = std::int64_t;

struct rpc_limits {
  static constexpr std::size_t batch = 1000;        ///< messages in one array
  static constexpr std::size_t values = 500'000;    ///< JSON values in one message
  static constexpr std::size_t error_bytes = 2000;  ///< kept of the far end's error text
  static constexpr std::size_t method_bytes = 200;  ///< longest name of a method
  static constexpr std::size_t id_bytes = 256;      ///< longest id of the far end's requests
  std::size_t message_bytes = 8UL << 20;            ///< longest message, either way
  std::size_t pending = 1000;                       ///< requests without an answer
};

inline constexpr int method_not_found = -32601;

/// JSON of a message. Throws `malformed_answer`, or `too_large` beyond `mcp::max_depth` levels or
/// `rpc_limits::values`, before a tree of that size exists.
[[nodiscard]] json parse_message(std::string_view text);

/// At most so many bytes, without half a character.
[[nodiscard]] std::string cut(std::string_view text, std::size_t most);

/// How long a request waits for its answer.
struct rpc_patience {
  std::chrono::milliseconds idle{60'000};    ///< since it was made or last showed progress
  std::chrono::milliseconds total{600'000};  ///< whatever the progress
};

/// An answer to a request of ours: a result, or why there is none (`tool_failed` with the far end's
/// words, `call_timeout`, or the failure given to `fail`).
struct rpc_answered {
  rpc_id id = 0;
  std::variant<json, error> outcome{};
};
struct rpc_progressed {
  rpc_id id = 0;
  double progress = 0;
  std::optional<double> total{};
  std::string message{};
};
struct rpc_notified {
  std::string method{};
  json params{};
};
/// The far end asks us; `id` goes into the answer.
struct rpc_asked {
  json id{};
  std::string method{};
  json params{};
};
using rpc_event = std::variant<rpc_answered, rpc_progressed, rpc_notified, rpc_asked>;

/// What was dropped so far.
struct rpc_counts {
  std::uint64_t malformed = 0;        ///< messages that are no JSON-RPC
  std::uint64_t unknown_answers = 0;  ///< second answers, late ones, and those to nothing we asked
};

/// One end of a JSON-RPC 2.0 conversation: pure, time comes in with each call. Ids are never used
/// twice, so a late answer meets nobody.
class json_rpc {
 public:
  explicit json_rpc(rpc_limits limits = {}) : limits_(limits) {}

  struct outgoing {
    rpc_id id = 0;
    std::string text{};
  };
  /// A request, whose id is its progress token too if `wants_progress`. Throws `overloaded` when
  /// too many wait, `too_large`.
  [[nodiscard]] outgoing request(const std::string& method, json params, rpc_patience patience,
                                 bool wants_progress, io::steady_time now);
  [[nodiscard]] static std::string notification(const std::string& method, json params);
  [[nodiscard]] static std::string answer(const json& id, json result);
  [[nodiscard]] static std::string refusal(const json& id, int code, const std::string& why);
  /// What tells the far end that nobody waits for this request any more.
  [[nodiscard]] static std::string cancellation(rpc_id id, const std::string& why);

  /// Ends the wait. False: it had ended.
  bool forget(rpc_id id);
  /// Takes a message, or an array of them, apart. Never throws because of what it says.
  [[nodiscard]] std::vector<rpc_event> receive(std::string_view text, io::steady_time now);
  /// The requests out of time, which are not waited for any more.
  [[nodiscard]] std::vector<rpc_answered> expired(io::steady_time now);
  [[nodiscard]] std::optional<io::steady_time> next_deadline() const;
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }
  [[nodiscard]] const rpc_counts& counts() const noexcept { return counts_; }

 private:
  struct wait {
    rpc_patience patience{};
    io::steady_time due{};
    io::steady_time last{};  ///< no progress moves it
  };

  void take(json& message, std::vector<rpc_event>& out, io::steady_time now);
  [[nodiscard]] bool take_answer(json& message, std::vector<rpc_event>& out);
  [[nodiscard]] bool take_call(json& message, std::vector<rpc_event>& out, io::steady_time now);
  void take_progress(const json& params, std::vector<rpc_event>& out, io::steady_time now);

  rpc_limits limits_;
  rpc_counts counts_;
  rpc_id last_id_ = 0;
  std::map<rpc_id, wait> pending_;
};

}  // namespace mcp::protocol
