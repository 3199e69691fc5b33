// What the errors of model providers mean, in the words of chat_model.hpp.
#include "providers/chat_wire.hpp"
#include "providers/wire_json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include <curl/curl.h>

namespace mcp::providers {
namespace {

using std::chrono::milliseconds;

/// What an error body says, whoever wrote it.
struct report {
  std::string message{};
  std::string type{};
  std::string code{};
};

std::string any_text(const json& object, const char* key) {
  const auto* found = member(object, key);
  if (found == nullptr) return {};
  return found->is_string() ? found->get<std::string>() : to_text(*found);
}

/// {"error":{"message","type","code"}}, {"error":"text"}, {"message"} or {"detail"}.
report read_report(std::string_view body) {
  json document;
  try {
    document = parse_json(body, "the error");
  } catch (const error&) {
    return {.message = std::string{body}};
  }
  const auto* inner = member(document, "error");
  const auto& said = inner != nullptr && inner->is_object() ? *inner : document;
  report found{.message = any_text(said, "message"),
               .type = any_text(said, "type"),
               .code = any_text(said, "code")};
  if (found.message.empty()) found.message = any_text(document, "error");
  if (found.message.empty()) found.message = any_text(document, "detail");
  if (found.message.empty()) found.message = std::string{body};
  return found;
}

bool says(const report& what, std::string_view word) {
  return what.type == word || what.code == word;
}

bool is_quota(const report& what) {
  return says(what, "insufficient_quota") || says(what, "billing_error") ||
         says(what, "billing_hard_limit_reached") ||
         what.message.find("credit balance is too low") != std::string::npos;
}

model_failure failure(errc code, bool passing, const std::string& prefix, const report& what) {
  return {.error = error{code, prefix + what.message}, .passing = passing, .retry_after = {}};
}

model_failure by_status(int status, const report& what, const std::string& prefix) {
  if (status == 402 || is_quota(what)) {
    return failure(errc::quota_exhausted, false, prefix, what);
  }
  if (status == 429) return failure(errc::rate_limited, true, prefix, what);
  if (status == 401 || status == 403) return failure(errc::unauthorized, false, prefix, what);
  if (status == 408 || status == 409 || status == 425 || status >= 500) {
    return failure(errc::server_failed, true, prefix, what);
  }
  if (status >= 400) return failure(errc::model_rejected, false, prefix, what);
  return failure(errc::malformed_answer, false, prefix, what);
}

/// The status that an error type stands for; 500 for one that is not known.
int status_of(const report& what) {
  int number = 0;
  const auto* end = what.code.data() + what.code.size();
  if (std::from_chars(what.code.data(), end, number).ptr == end && number >= 400 && number < 600) {
    return number;
  }
  if (says(what, "rate_limit_error") || says(what, "rate_limit_exceeded")) return 429;
  if (says(what, "authentication_error") || says(what, "invalid_api_key")) return 401;
  if (says(what, "permission_error")) return 403;
  if (says(what, "invalid_request_error") || says(what, "not_found_error") ||
      says(what, "request_too_large")) {
    return 400;
  }
  return 500;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stopped != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<milliseconds> retry_after(const io::http_head& head,
                                        std::chrono::system_clock::time_point now) {
  constexpr double longest = 24.0 * 3600 * 1000;
  const auto wait = [longest](double ms) {
    return milliseconds{static_cast<std::int64_t>(std::ceil(std::clamp(ms, 0.0, longest)))};
  };
  if (const auto ms = number(head.find("retry-after-ms"))) return wait(*ms);
  const auto text = head.find("retry-after");
  if (text.empty()) return std::nullopt;
  if (const auto seconds = number(text)) return wait(*seconds * 1000);
  const auto date = curl_getdate(std::string{text}.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const std::chrono::duration<double, std::milli> left =
      std::chrono::system_clock::from_time_t(date) - now;
  return wait(left.count());
}

model_failure failure_of_status(const io::http_head& head, std::string_view body,
                                std::chrono::system_clock::time_point now) {
  auto prefix = "HTTP " + std::to_string(head.status);
  if (head.status >= 300 && head.status < 400) prefix += " (a redirect; correct the base URL)";
  auto found = by_status(head.status, read_report(body), prefix + ": ");
  if (found.passing) found.retry_after = retry_after(head, now);
  return found;
}

model_failure failure_of_event(std::string_view body) {
  const auto what = read_report(body);
  return by_status(status_of(what), what, "the provider broke off its answer: ");
}

}  // namespace mcp::providers
