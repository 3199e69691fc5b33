#pragma once

#include "mcp/agents/chat_model.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What stands around a model: limits, retries, fallbacks. Each wraps a model and is one itself:
///     auto model = mcp::with_retry(mcp::with_limit(mcp::openai_model({...}),
///                                                  {.requests_per_minute = 500}));
/// In this order each attempt takes a turn of its own, and a call that waits for its next attempt
/// holds none.
namespace mcp {

/// What an account at a provider allows. Zero: no limit, except for `queue`.
struct rate_limit {
  std::int64_t requests_per_minute = 0;
  std::int64_t tokens_per_minute = 0;  ///< of questions and answers together
  std::size_t in_flight = 0;           ///< calls at once
  std::size_t queue = 10'000;          ///< waiting calls; more are refused with `overloaded`

  friend bool operator==(const rate_limit&, const rate_limit&) = default;
};

/// Repeats calls whose failure is passing after min(max_interval, initial_interval ×
/// backoff_factor^(n-1)), of which up to half is left out at random, and never before the time that
/// the provider asked for.
struct model_retry {
  int max_attempts = 5;  ///< the first included; 1 to 100
  std::chrono::milliseconds initial_interval{500};
  double backoff_factor = 2.0;  ///< at least 1
  std::chrono::milliseconds max_interval{30'000};
  /// A provider that asks to wait longer than this is not asked again.
  std::chrono::milliseconds max_retry_after{300'000};
};

/// Repeats failed calls. A caller that had heard part of an answer hears `restart` first. Throws
/// `invalid_argument`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> with_retry(
    std::shared_ptr<chat_model> model, const model_retry& policy = {});

/// A model that knows what it costs, so that a budget counts money: also as one of several
/// fallbacks, each at its own price. Throws `invalid_argument` for a negative price.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> with_price(
    std::shared_ptr<chat_model> model, const model_price& price);

/// Starts calls evenly over time, one run after the other (`chat_request::tag`), and slows down for
/// a while when the provider says `rate_limited`. Everything in the process with the same `account`
/// shares one limiter: name the endpoint, the model and the key's name in it, never the key. Empty:
/// `chat_model::account`, which does. Throws `invalid_argument` for a negative limit, a queue of zero, or an account
/// that is in use with another limit.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> with_limit(
    std::shared_ptr<chat_model> model, const rate_limit& limit, std::string account = {});

/// Asks the first model and, whenever one fails, the next; a cancelled call ends the chain.
/// `chat_request::model` goes to the first one only. When all fail, the error of the last one says
/// how the others failed. Throws `invalid_argument` for an empty list or more than 16 models.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> with_fallbacks(
    std::vector<std::shared_ptr<chat_model>> models);

/// Tokens of a text, on the high side for most languages: a third of its bytes.
[[nodiscard]] MCP_AGENTS_EXPORT std::int64_t estimated_tokens(std::string_view text) noexcept;
/// Tokens of a message: its texts, its tool calls, and some for each.
[[nodiscard]] MCP_AGENTS_EXPORT std::int64_t estimated_tokens(const message& said) noexcept;
/// Tokens of a question: its texts, its tools, its schema, and some for each message.
[[nodiscard]] MCP_AGENTS_EXPORT std::int64_t estimated_tokens(const chat_request& request) noexcept;

}  // namespace mcp
