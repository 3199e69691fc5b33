#pragma once

#include "io/http_client.hpp"
#include "mcp_client/allowance.hpp"
#include "mcp_client/http_rules.hpp"
#include "mcp_client/json_rpc.hpp"
#include "providers/sse.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::protocol {

/// Where a server is, and what every call of it looks like.
struct http_options {
  static constexpr std::size_t side_calls = 64;  ///< notifications and answers under way
  static constexpr std::chrono::milliseconds side_time{30'000};    ///< longest, for one of them
  static constexpr std::chrono::milliseconds stream_grace{1000};   ///< to end an answered stream
  static constexpr std::chrono::milliseconds farewell_time{5000};  ///< longest, for the DELETE
  /// How long the end of the client waits for the DELETE, if the server is slow.
  static constexpr std::chrono::milliseconds farewell_wait{500};
  std::string url{};
  std::vector<io::http_header> headers{};
  std::string ca_file{};
  std::size_t message_bytes = 8UL << 20;
  std::chrono::milliseconds connect_timeout{30'000};
};

/// One HTTP call, or the calls of one stream one after the other, and what arrived so far. `call`
/// and `settled` belong to the transport's lock, the rest to the loop's thread once it has begun.
class http_errand {
 public:
  http_errand(http_kind what, rpc_id of, std::string text)
      : kind(what), id(of), message(std::move(text)) {}

  /// The request, and a fresh start for its answer.
  [[nodiscard]] io::http_request begin(const http_options& options);
  void take_head(const io::http_head& head);
  /// Throws `too_large`. False: no more is wanted.
  [[nodiscard]] bool take_data(std::string_view piece, io::steady_time now,
                               const std::function<void(std::string_view)>& on_message);
  [[nodiscard]] http_reply reply() const {
    return {status_, type_, !session.empty(), heard_before};
  }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// The stream of a request broke: from now on this is about the rest of it.
  void becomes_resumption();

  http_kind kind;
  rpc_id id;                 ///< 0: of no request
  std::string message;       ///< JSON; empty: a GET
  std::uint64_t number = 0;  ///< of the session
  std::string session{};
  std::string version{};
  bool announces = false;                  ///< it is our word that the versions are agreed on
  bool heard_before = false;               ///< of `listen`
  std::shared_ptr<http_errand> doubted{};  ///< of `probe`: the request that it is about
  stream_memory stream{};
  http_verdict verdict = http_verdict::passing;

  std::shared_ptr<io::http_call> call{};
  bool settled = false;

 private:
  [[nodiscard]] bool keep(std::string_view piece);

  std::size_t most_bytes_ = 0;
  int status_ = 0;
  std::string type_;
  std::string body_;
  std::optional<providers::sse_parser> parser_{};
  allowance events_{stream_limits::stream_burst, stream_limits::stream_events_per_second};
};

}  // namespace mcp::protocol
