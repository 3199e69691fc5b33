#pragma once

#include "mcp/agents/chat_model.hpp"
#include "mcp/node.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A node that asks a model.
///     graph.node("talk", mcp::model_node(model, &State::messages, {.system = "Be brief."}));
namespace mcp {

/// How a node asks. Budget: before the call the estimated question and `max_tokens` of answer are
/// taken from the counter "tokens", and their price from "cost_micros", at the dearest model's that
/// may answer; after it the difference to what was used is settled, at the price of the one that
/// did; a call without an answer gives everything back.
struct model_node_options {
  std::string system{};  ///< put before the messages; empty: nothing
  std::vector<tool_description> tools{};
  std::function<std::vector<tool_description>()> tools_now{};  ///< in place of `tools`, each call
  /// Everything else of the request. Its messages and its tag's run are filled in.
  chat_request request{};
  /// Longest answer when the request does not say; it bounds what is taken from the budget.
  std::int64_t max_tokens = 4096;
  /// For a model that does not know its price (`with_price`): with fallbacks, none of which does.
  std::optional<model_price> price{};
  /// Tokens of a question; empty: `estimated_tokens`.
  std::function<std::int64_t(const chat_request&)> count_tokens{};
  bool stream = true;     ///< pieces of the answer are sent to the run's stream as they come
  std::string speaker{};  ///< `message::name` of the answer
  /// Guards. They may rewrite what they get, and refuse it by throwing `mcp::error`. `before` runs
  /// on the node's thread, `after` on the provider's: neither may block.
  std::function<void(chat_request&)> before{};
  std::function<void(chat_answer&)> after{};
};

/// What became of a question: exactly one of the two is set.
struct model_reply {
  std::optional<chat_answer> answer{};
  std::optional<mcp::error> error{};
};

/// Asks `model` on behalf of a task, for nodes of any kind of state. `done` is called exactly once,
/// perhaps before this returns; it must own what keeps `ctx` alive (the node's reply object), and
/// the caller must leave `ctx` alone until then. Pieces of the answer become message events with
/// the id of the final message, which is the task's; a custom event "message_restart" with that id
/// voids them. The call is cancelled with the task. With `request.output_schema` an answer without
/// tool calls that does not fit it fails with `malformed_answer`. Never throws.
MCP_AGENTS_EXPORT void ask_model(const std::shared_ptr<chat_model>& model,
                                 const std::shared_ptr<const model_node_options>& options,
                                 std::vector<message> messages, context& ctx,
                                 std::function<void(model_reply)> done);

namespace detail {

/// Whether a write to the field through its reducer keeps what is there.
template <class State, class T>
[[nodiscard]] bool field_accumulates(T State::*member) {
  bool found = false;
  for_each_field<State>([&]<class U, class R>(const field<State, U, R>& f) {
    if constexpr (std::same_as<U, T> && !std::same_as<R, last_value_reducer>) {
      if (f.member == member) found = true;
    }
  });
  return found;
}

}  // namespace detail

/// An asynchronous node function: asks with the messages of the state, adds the answer to them, and
/// writes the answer's text to `output`, if given. Throws `invalid_argument` without a model.
template <described State>
[[nodiscard]] auto model_node(std::shared_ptr<chat_model> model,
                              std::vector<message> State::*messages,
                              model_node_options options = {},
                              std::string State::*output = nullptr) {
  if (!model) throw error{errc::invalid_argument, "a model node needs a model; it was given null"};
  const bool accumulates = detail::field_accumulates(messages);
  return [model = std::move(model), messages, output, accumulates,
          options = std::make_shared<const model_node_options>(std::move(options))](
             const State& state, context& ctx, reply<State> answer) {
    std::vector<message> before;
    if (!accumulates) before = state.*messages;
    ask_model(model, options, state.*messages, ctx,
              [answer, messages, output, before = std::move(before)](model_reply what) mutable {
                if (what.error) return answer.fail(std::move(*what.error));
                update<State> change;
                if (output != nullptr) change.set(output, what.answer->reply.content);
                before.push_back(std::move(what.answer->reply));
                change.set(messages, std::move(before));
                answer.done(std::move(change));
              });
  };
}

}  // namespace mcp
