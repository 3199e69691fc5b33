#include "providers/cassette_exchange.hpp"

#include "io/encoding.hpp"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::providers {
namespace {

constexpr std::string_view replacement = "[redacted]";

std::string within_json(const std::string& text) {
  const auto quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

void replace_all(std::string& text, std::string_view secret) {
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + replacement.size())) {
    text.replace(at, secret.size(), replacement);
  }
}

// What is walked was made from described structs: it is a few levels deep.
void redact_strings(nlohmann::json& part, const std::vector<std::string>& secrets) {
  if (part.is_string()) {
    auto& text = part.get_ref<std::string&>();
    for (const auto& secret : secrets) replace_all(text, secret);
  } else if (part.is_structured()) {
    for (auto& one : part) redact_strings(one, secrets);
  }
}

/// Whether the pieces hold a secret that no single one of them shows.
bool streamed_secret(const std::vector<recorded_delta>& deltas, const redaction& redact) {
  std::map<std::pair<chat_delta::kind, std::size_t>, std::string> texts;
  for (const auto& one : deltas) texts[{one.what, one.index}] += one.text;
  for (const auto& [where, text] : texts) {
    if (redact.found_in(text)) return true;
  }
  return false;
}

}  // namespace

redaction::redaction(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.size() < shortest) {
      throw error{errc::invalid_argument,
                  "a text in cassette_options::redact has " + std::to_string(secret.size()) +
                      " bytes; it takes at least " + std::to_string(shortest)};
    }
    secrets_.push_back(secret);
    // Arguments of tools are JSON texts within a string.
    if (auto escaped = within_json(secret); escaped != secret) {
      secrets_.push_back(std::move(escaped));
    }
  }
}

std::string redaction::apply(const std::string& json) const {
  if (secrets_.empty()) return json;
  auto whole = nlohmann::json::parse(json);
  redact_strings(whole, secrets_);
  return whole.dump();
}

bool redaction::found_in(std::string_view text) const {
  for (const auto& secret : secrets_) {
    if (text.find(secret) != std::string_view::npos) return true;
  }
  return false;
}

chat_request canonical(chat_request request, const redaction& redact) {
  request.tag = {};
  for (auto& one : request.messages) one.id.clear();
  return from_json<chat_request>(redact.apply(to_json(request)));
}

std::string key_of(const chat_request& canonical) {
  return io::sha256_hex(to_json(canonical));
}

std::string compose(recorded_exchange exchange, const redaction& redact) {
  if (streamed_secret(exchange.deltas, redact)) exchange.deltas.clear();
  return redact.apply(to_json(exchange));
}

recorded_exchange parse(std::string_view line) {
  auto exchange = from_json<recorded_exchange>(line);
  if (exchange.version < 1 || exchange.version > recorded_exchange::newest_version) {
    throw error{errc::newer_format,
                "the recording has version " + std::to_string(exchange.version) + "; known is 1"};
  }
  if (exchange.answer.has_value() == exchange.failure.has_value()) {
    throw error{errc::invalid_state, "a recording has either an answer or a failure"};
  }
  if (exchange.key != key_of(exchange.request)) {
    throw error{errc::invalid_state,
                "the key does not belong to the request: the line was changed by hand; record it "
                "again"};
  }
  if (exchange.failure) static_cast<void>(replayed(*exchange.failure));
  return exchange;
}

recorded_failure recorded(const model_failure& failure) {
  recorded_failure made{.code = std::string{name(failure.error.code())},
                        .message = failure.error.message(),
                        .passing = failure.passing};
  if (failure.retry_after) made.retry_after_ms = failure.retry_after->count();
  return made;
}

model_failure replayed(const recorded_failure& failure) {
  for (const auto code : all_error_codes()) {
    if (name(code) != failure.code) continue;
    model_failure made{.error = error{code, failure.message}, .passing = failure.passing};
    if (failure.retry_after_ms) {
      made.retry_after = std::chrono::milliseconds{*failure.retry_after_ms};
    }
    return made;
  }
  throw error{errc::invalid_state, "there is no error code \"" + failure.code + "\""};
}

}  // namespace mcp::providers
