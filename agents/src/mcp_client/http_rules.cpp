#include "mcp_client/http_rules.hpp"

#include <algorithm>
#include <utility>

namespace mcp::protocol {
namespace {

constexpr int http_ok = 200;
constexpr int http_redirect = 300;
constexpr int http_bad_request = 400;
constexpr int http_unauthorized = 401;
constexpr int http_forbidden = 403;
constexpr int http_not_found = 404;
constexpr int http_request_timeout = 408;
constexpr int http_busy = 429;
constexpr int http_server_error = 500;

bool is_passing(int status) {
  return status == 0 || status == http_request_timeout || status == http_busy ||
         status >= http_server_error;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

errc code_of(int status) {
  if (status == http_unauthorized || status == http_forbidden) return errc::unauthorized;
  if (status == http_busy) return errc::rate_limited;
  return status >= http_server_error ? errc::server_failed : errc::connection_failed;
}

/// Visible ASCII and blanks: fit for a message.
bool is_shown(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

http_verdict judge_success(http_kind kind, const http_reply& reply) {
  if (kind == http_kind::probe) return http_verdict::accepted;
  if (reply.status == http_ok && is_type(reply.type, "text/event-stream")) {
    return http_verdict::stream;
  }
  if (kind == http_kind::listen) return http_verdict::no_stream;
  if (kind == http_kind::side) return http_verdict::accepted;
  const bool message = reply.type.empty() || is_type(reply.type, "application/json");
  return message && kind != http_kind::resume ? http_verdict::message : http_verdict::refused;
}

}  // namespace

bool is_type(std::string_view content_type, std::string_view wanted) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type.size() == wanted.size() && std::equal(type.begin(), type.end(), wanted.begin(),
                                                    [](char a, char b) { return lower(a) == b; });
}

http_verdict judge(http_kind kind, const http_reply& reply) {
  if (reply.status >= http_ok && reply.status < http_redirect) return judge_success(kind, reply);
  if (reply.status == http_not_found && reply.in_session) {
    // Some servers know no GET at all. If the session is what is missing, the next request says so.
    const bool never_had = kind == http_kind::listen && !reply.heard_before;
    return never_had ? http_verdict::no_stream : http_verdict::expired;
  }
  if (reply.status == http_bad_request && reply.in_session && kind == http_kind::probe) {
    return http_verdict::expired;
  }
  if (is_passing(reply.status)) return http_verdict::passing;
  return kind == http_kind::listen ? http_verdict::no_stream : http_verdict::refused;
}

bool is_doubtful(http_kind kind, const http_reply& reply) {
  return kind == http_kind::request && reply.status == http_bad_request && reply.in_session;
}

error failure_of(const http_reply& reply) {
  const auto status = "HTTP status " + std::to_string(reply.status);
  if (reply.status >= http_redirect && reply.status < http_bad_request) {
    return error{errc::connection_failed, status + ", a redirect, which is not followed"};
  }
  if (reply.status >= http_bad_request) return error{code_of(reply.status), status};
  constexpr std::size_t most_shown = 100;
  const bool told = is_shown(reply.type) && !is_type(reply.type, "application/json") &&
                    !is_type(reply.type, "text/event-stream");
  return error{errc::malformed_answer,
               status + " without an answer" +
                   (told ? ", of the type " + std::string{reply.type.substr(0, most_shown)} : "")};
}

bool is_session_id(std::string_view text) {
  return text.size() <= stream_limits::header_bytes && !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_event_id(std::string_view text) {
  return text.size() <= stream_limits::header_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= ' ' && byte != 0x7F;
         });
}

void stream_memory::is_at(std::string_view id) {
  last_id_ = is_event_id(id) ? id : std::string_view{};
}

std::optional<std::chrono::milliseconds> stream_memory::broken() {
  failures_ = std::exchange(connected_, false) ? 0 : failures_ + 1;
  if (failures_ > stream_limits::reconnects) return std::nullopt;
  constexpr int most_doublings = 10;
  const auto times = 1 << std::min(empty_++, most_doublings);
  const auto first = retry_ ? stream_limits::shortest_pause : stream_limits::first_pause;
  const auto ours = std::min(first * times, stream_limits::longest_pause);
  return std::max(ours, std::min(retry_.value_or(first), stream_limits::longest_asked));
}

void http_session::open() {
  ++number_;
  phase_ = phase::greeting;
  stream_ = stream::none;
  id_.clear();
  version_.clear();
  expired_ = false;
  heard_ = false;
}

void http_session::close() {
  phase_ = phase::closed;
  closed_ = number_;
  id_.clear();
  version_.clear();
}

void http_session::named(std::string_view id) {
  if (phase_ != phase::greeting || id.empty()) return;
  if (!is_session_id(id)) {
    throw error{errc::malformed_answer, "the id of its session is not visible ASCII of at most " +
                                            std::to_string(stream_limits::header_bytes) +
                                            " characters"};
  }
  id_ = id;
}

void http_session::agreed(std::string version) {
  version_ = std::move(version);
  if (phase_ == phase::greeting) phase_ = phase::announcing;
}

bool http_session::announced() {
  if (phase_ != phase::announcing) return false;
  phase_ = phase::talking;
  return true;
}

bool http_session::expire() {
  return phase_ != phase::closed && !std::exchange(expired_, true);
}

void http_session::listening(stream now) noexcept {
  stream_ = now;
  heard_ = heard_ || now == stream::listening;
}

bool http_session::lives() noexcept {
  if (phase_ != phase::talking || stream_ != stream::given_up) return false;
  stream_ = stream::none;
  return true;
}

}  // namespace mcp::protocol
