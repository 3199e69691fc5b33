// How a call ended, in words: limits that ran out, and what libcurl reported.
#include "io/http_transfer.hpp"

#include <strings.h>

namespace mcp::io {
namespace {

using std::chrono::milliseconds;

enum class fault { url, trust, broken };

fault kind_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return fault::url;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_TOO_MANY_REDIRECTS:
      return fault::trust;
    default:
      return fault::broken;
  }
}

}  // namespace

std::string_view http_head::find(std::string_view name) const noexcept {
  for (const auto& header : headers) {
    if (header.name.size() == name.size() &&
        strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
      return header.value;
    }
  }
  return {};
}

std::optional<http_transfer::deadline> http_transfer::next_deadline() const {
  std::optional<deadline> next;
  const auto add = [&next](steady_time from, milliseconds value, std::string_view limit) {
    if (value <= milliseconds{0}) return;
    const deadline candidate{from + value, limit, value};
    if (!next || candidate.when < next->when) next = candidate;
  };
  const auto& timeouts = request_.timeouts;
  if (phase_ == phase::ended) return next;
  if (phase_ == phase::connecting) add(since_, timeouts.connect, "connect");
  if (phase_ == phase::answering) add(since_, timeouts.first_byte, "first byte");
  if (phase_ == phase::streaming) add(since_, timeouts.idle, "idle stream");
  add(started_, timeouts.total, "total");
  return next;
}

http_end http_transfer::broken(errc code, const std::string& what, bool passing) const {
  return {.failure = error{code, (place_ ? place_->text() + ": " : "") + what}, .passing = passing};
}

http_end http_transfer::late(const deadline& missed) const {
  return broken(errc::call_timeout,
                "the " + std::string{missed.limit} + " limit of " +
                    std::to_string(missed.value.count()) + " ms ran out",
                true);
}

http_end http_transfer::result(CURLcode code) const {
  if (cancelled()) return broken(errc::cancelled, "the call was cancelled", false);
  if (stopped_) return *stopped_;
  if (code == CURLE_OK) return {};
  if (refused_address_) {
    return broken(errc::access_denied, "the address that the host has is not allowed", false);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {  // the only one of libcurl's timeouts that is set
    return late({.when = {}, .limit = "connect", .value = request_.timeouts.connect});
  }
  std::string what{curl_says_.c_str()};
  if (what.empty()) what = curl_easy_strerror(code);
  const auto kind = kind_of(code);
  return broken(kind == fault::url ? errc::invalid_argument : errc::connection_failed, what,
                kind == fault::broken);
}

}  // namespace mcp::io
