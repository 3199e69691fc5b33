#pragma once

#include "mcp/agents/cassette.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

MCP_ENUM(chat_delta::kind, text, tool_call, restart)

namespace providers {

/// A delta that owns its texts.
struct recorded_delta {
  chat_delta::kind what = chat_delta::kind::text;
  std::string text{};
  std::size_t index = 0;
  std::string id{};
  std::string name{};
};
MCP_STRUCT(recorded_delta, what, text, index, id, name)

struct recorded_failure {
  std::string code{};  ///< name of an `errc`
  std::string message{};
  bool passing = false;
  std::optional<std::int64_t> retry_after_ms{};
};
MCP_STRUCT(recorded_failure, code, message, passing, retry_after_ms)

/// One line of a cassette.
struct recorded_exchange {
  static constexpr int newest_version = 1;
  int version = newest_version;
  std::string key{};       ///< SHA-256 of the request's JSON, hexadecimal
  chat_request request{};  ///< in canonical form
  std::vector<recorded_delta> deltas{};
  std::optional<chat_answer> answer{};
  std::optional<recorded_failure> failure{};
};
MCP_STRUCT(recorded_exchange, version, key, request, deltas, answer, failure)

/// What must not be written.
class redaction {
 public:
  static constexpr std::size_t shortest = 4;  ///< bytes of a text to leave out
  /// Throws `invalid_argument` for a text that is too short to be meant.
  explicit redaction(const std::vector<std::string>& secrets);

  /// The JSON text with the secrets in its strings replaced.
  [[nodiscard]] std::string apply(const std::string& json) const;
  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;  ///< as they are, and as they look within JSON
};

/// The request as it is compared and stored: without ids of messages and without secrets.
[[nodiscard]] chat_request canonical(chat_request request, const redaction& redact);
[[nodiscard]] std::string key_of(const chat_request& canonical);
/// One line, without its end.
[[nodiscard]] std::string compose(recorded_exchange exchange, const redaction& redact);
/// Throws `mcp::error`.
[[nodiscard]] recorded_exchange parse(std::string_view line);

[[nodiscard]] recorded_failure recorded(const model_failure& failure);
[[nodiscard]] model_failure replayed(const recorded_failure& failure);

}  // namespace providers
}  // namespace mcp
