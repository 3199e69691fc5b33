#pragma once

#include "io/http_client.hpp"
#include "mcp/agents/chat_model.hpp"
#include "providers/sse.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The seam between what providers say (pure, one class each) and how it is carried (http_model).
namespace mcp::providers {

using delta_sink = std::function<void(const chat_delta&)>;

/// Calls of tools that one answer may hold; more are a malformed answer.
inline constexpr std::size_t max_tool_calls = 256;

/// A failure that the provider reported in a stream, after a good status.
class reported_failure : public error {
 public:
  explicit reported_failure(model_failure failure)
      : error(failure.error), failure_(std::move(failure)) {}
  [[nodiscard]] const model_failure& failure() const noexcept { return failure_; }

 private:
  model_failure failure_;
};

/// Puts one streamed answer together.
class stream_reader {
 public:
  stream_reader() = default;
  stream_reader(const stream_reader&) = delete;
  stream_reader& operator=(const stream_reader&) = delete;
  virtual ~stream_reader() = default;
  /// Throws `reported_failure`, or `malformed_answer`.
  virtual void read(const sse_event& event, const delta_sink& out) = 0;
  /// The provider said that nothing follows.
  [[nodiscard]] virtual bool done() const = 0;
  /// The answer is whole, even if the stream ends here.
  [[nodiscard]] virtual bool complete() const = 0;
  /// Once, when it is complete.
  [[nodiscard]] virtual chat_answer take() = 0;
};

/// The protocol of a provider: pure translation.
class chat_wire {
 public:
  chat_wire() = default;
  chat_wire(const chat_wire&) = delete;
  chat_wire& operator=(const chat_wire&) = delete;
  virtual ~chat_wire() = default;
  /// "provider/model", for a request that names no model.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// Below the base URL, with its slash.
  [[nodiscard]] virtual std::string_view path() const noexcept = 0;
  /// Those of the protocol; `key` may be empty.
  [[nodiscard]] virtual std::vector<io::http_header> headers(const std::string& key) const = 0;
  /// Throws `invalid_argument` for a request that cannot be said in this protocol.
  [[nodiscard]] virtual std::string body(const chat_request& request, bool stream) const = 0;
  /// The whole answer of a good status. Throws `malformed_answer`.
  [[nodiscard]] virtual chat_answer read(std::string_view body,
                                         const chat_request& request) const = 0;
  [[nodiscard]] virtual std::unique_ptr<stream_reader> reader(
      const chat_request& request) const = 0;
};

/// What a status other than 200 means. `now` is for a Retry-After with a date.
[[nodiscard]] model_failure failure_of_status(const io::http_head& head, std::string_view body,
                                              std::chrono::system_clock::time_point now);
/// What an error object within a stream means.
[[nodiscard]] model_failure failure_of_event(std::string_view body);
/// How long the provider asks to wait, from its headers; at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(
    const io::http_head& head, std::chrono::system_clock::time_point now);

}  // namespace mcp::providers
