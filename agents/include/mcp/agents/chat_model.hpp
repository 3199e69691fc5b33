#pragma once

#include "mcp/agents/export.hpp"
#include "mcp/error.hpp"
#include "mcp/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The port to chat models: what is asked, what comes back, and how a provider plugs in.
namespace mcp {

/// A tool as a model sees it.
struct tool_description {
  std::string name{};
  std::string description{};
  std::string parameters{};  ///< JSON Schema of an object, as JSON text

  friend bool operator==(const tool_description&, const tool_description&) = default;
};
MCP_STRUCT(tool_description, name, description, parameters)

/// Whether the model may, must or must not call tools.
enum class tool_choice : std::uint8_t { automatic, none, required, named };
MCP_ENUM(tool_choice, automatic, none, required, named)

/// On whose behalf a model is asked: what limiters go by to be fair between runs, and where in a
/// trace the call belongs.
struct call_tag {
  std::string run{};  ///< calls with the same text share one turn; empty is a run like any other
  int priority = 0;   ///< -8 to 8; each step up doubles the share of the turns
  std::string traceparent{};  ///< sent along over HTTP: `context::traceparent`; or empty
};

/// One question to a model. A value type.
struct chat_request {
  std::string model{};  ///< empty: the model that the provider was made with
  std::vector<message> messages{};
  std::vector<tool_description> tools{};
  mcp::tool_choice tool_choice = mcp::tool_choice::automatic;
  std::string tool{};           ///< the one to call, for `tool_choice::named`
  std::string output_schema{};  ///< JSON Schema: the answer's text is JSON that fits it; or empty
  std::string output_name{};    ///< name of that schema; letters, digits, '_' and '-'
  std::vector<std::string> stop{};
  std::optional<double> temperature{};
  std::optional<std::int64_t> seed{};
  std::optional<std::int64_t> max_tokens{};  ///< of the answer
  call_tag tag{};                            ///< no part of the question: not compared, not stored
};
MCP_STRUCT(chat_request, model, messages, tools, tool_choice, tool, output_schema, output_name,
           stop, temperature, seed, max_tokens)

[[nodiscard]] inline bool operator==(const chat_request& a, const chat_request& b) {
  return codec<chat_request>::equal(a, b);
}

/// Why a model stopped.
enum class finish_reason : std::uint8_t { stop, length, tool_calls, refused };
MCP_ENUM(finish_reason, stop, length, tool_calls, refused)

/// Tokens that a call used, as the provider counted them.
struct token_usage {
  std::int64_t input = 0;  ///< cached ones included
  std::int64_t output = 0;
  std::int64_t cached_input = 0;  ///< part of `input` that was read from the provider's cache

  [[nodiscard]] std::int64_t total() const noexcept { return input + output; }
  friend bool operator==(const token_usage&, const token_usage&) = default;
};
MCP_STRUCT(token_usage, input, output, cached_input)

/// What a model costs, in millionths of the currency per million tokens.
struct model_price {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::optional<std::int64_t> cached_input{};  ///< absent: like other input

  friend bool operator==(const model_price&, const model_price&) = default;
};

/// The price of `usage` in millionths of the currency, rounded up.
[[nodiscard]] MCP_AGENTS_EXPORT std::int64_t cost_of(const token_usage& usage,
                                                     const model_price& price) noexcept;

/// The whole answer of a model.
struct chat_answer {
  message reply{};  ///< role "assistant", with text, tool calls, or both
  finish_reason finish = finish_reason::stop;
  token_usage usage{};
  std::string model{};  ///< the one that answered, as the provider names it
  std::optional<model_price> price{};  ///< of that one, where it is known; not stored

  friend bool operator==(const chat_answer&, const chat_answer&) = default;
};
MCP_STRUCT(chat_answer, reply, finish, usage, model)

/// A piece of an answer under way. Its views live for the length of the handler's call.
struct chat_delta {
  enum class kind : std::uint8_t {
    text,       ///< `text` is added to the reply's content
    tool_call,  ///< `text` is added to the arguments of call `index`; the first one names it
    restart,    ///< the call is made anew: everything streamed so far is void
  };
  kind what = kind::text;
  std::string_view text{};
  std::size_t index = 0;    ///< of the tool call within the reply
  std::string_view id{};    ///< of the tool call; only with its first piece
  std::string_view name{};  ///< of the tool; only with its first piece
};

/// Why a call failed, and whether another attempt makes sense.
struct model_failure {
  mcp::error error{};
  bool passing = false;                                    ///< the same request may succeed later
  std::optional<std::chrono::milliseconds> retry_after{};  ///< what the provider asked for
};

/// How a call ended: exactly one of the two is set.
struct chat_outcome {
  std::optional<chat_answer> answer{};
  std::optional<model_failure> failure{};
};

/// What a caller wants to hear. Called on a thread of the provider's, one call at a time; must not
/// block.
struct chat_handler {
  std::function<void(const chat_delta&)> on_delta{};  ///< empty: the answer is not streamed
  std::function<void(chat_outcome)> on_end{};         ///< exactly once, whatever happens
};

/// A call under way. Safe from any thread. Letting go of it does not stop the call.
class MCP_AGENTS_EXPORT chat_call {
 public:
  chat_call() = default;
  chat_call(const chat_call&) = delete;
  chat_call& operator=(const chat_call&) = delete;
  virtual ~chat_call();
  /// Stops the work itself (the socket is closed); `on_end` then hears `errc::cancelled`, unless
  /// the call had ended. May be called from the handler; idempotent.
  virtual void cancel() = 0;
};

/// A chat model of some provider. Shared by all runs; safe from any thread.
class MCP_AGENTS_EXPORT chat_model {
 public:
  chat_model() = default;
  chat_model(const chat_model&) = delete;
  chat_model& operator=(const chat_model&) = delete;
  virtual ~chat_model();
  /// For logs and cassettes: "provider/model".
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// What the provider counts calls by: its address, the model, and where the key comes from, never
  /// the key. Models of one account share a limiter (`with_limit`). The name, unless overridden.
  [[nodiscard]] virtual std::string account() const;
  /// The most that tokens of an answer may cost, where it is known (`with_price`).
  [[nodiscard]] virtual std::optional<model_price> price() const;
  /// Starts a call and returns at once; everything else, errors included, reaches the handler. The
  /// handler may be called before this returns.
  virtual std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) = 0;
};

/// Starts a call and waits for its end: for programs without a graph, and for tests. Throws the
/// call's error. Not for plain nodes, which must not block.
[[nodiscard]] MCP_AGENTS_EXPORT chat_answer ask(chat_model& model, chat_request request);

}  // namespace mcp
