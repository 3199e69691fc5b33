#pragma once

#include "mcp/agents/conversation_window.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A running summary in place of what was said long ago.
///     graph.node("fold", mcp::summary_node<State>(model, &State::messages, &State::summary));
namespace mcp {

/// What a model that fails does to the node; a cancelled call and an exhausted budget always fail
/// it.
enum class summary_failure : std::uint8_t {
  keep,  ///< nothing changes; an event "summary_failed" with the reason
  fail,  ///< the node fails
};

struct summary_options {
  window_limit limit{.max_tokens = 4000};  ///< a conversation within it is left alone
  window_limit keep{.max_tokens = 2000};   ///< of a longer one, this much stays as it is
  std::string instruction =
      "You keep the summary of a conversation. Fold the new part into the summary so far. Keep "
      "names, numbers, decisions, wishes of the user and open questions; leave out small talk. "
      "Answer with the new summary alone.";
  std::int64_t max_question_tokens = 16'000;  ///< of what is folded at once; the rest waits
  std::size_t max_message_bytes = 8 * 1024;   ///< of one message in the question; cut
  std::size_t max_summary_bytes = 16 * 1024;  ///< cut
  summary_failure on_failure = summary_failure::keep;
  /// How to ask; `system` is the instruction, and nothing is streamed.
  model_node_options ask{.max_tokens = 1024, .speaker = "summary"};
};

/// What to do about a conversation.
struct summary_plan {
  std::vector<std::size_t> folded{};  ///< messages that go into the summary; empty: nothing to do
  std::vector<std::size_t> kept{};    ///< all others
};

/// Decides what is folded: nothing while the conversation is within `limit`; else what is outside
/// of `keep`, oldest first, as far as `max_question_tokens` reach and at least one message. Pure.
[[nodiscard]] MCP_AGENTS_EXPORT summary_plan plan_summary(const std::vector<message>& conversation,
                                                          const summary_options& options);

/// The question: the summary so far and the messages to fold. Pure.
[[nodiscard]] MCP_AGENTS_EXPORT std::string summary_question(
    const std::vector<message>& conversation, const std::vector<std::size_t>& folded,
    const std::string& summary, const summary_options& options);

/// What became of a summary. Without a change and without an error there was nothing to do.
struct summary_outcome {
  bool changed = false;
  std::string summary{};              ///< the new one
  std::vector<message> removed{};     ///< to be written through `add_messages`, with the summary
  std::optional<mcp::error> error{};  ///< the node has to fail
};

/// Throws `invalid_argument` for a null model, a limit below 1, or a `keep` that is not smaller
/// than the `limit`.
MCP_AGENTS_EXPORT void check_summary(const std::shared_ptr<chat_model>& model,
                                     const summary_options& options);

/// Summarises on behalf of a task, for nodes of any kind of state; `done` as for `ask_model`.
MCP_AGENTS_EXPORT void summarize(const std::shared_ptr<chat_model>& model,
                                 const std::shared_ptr<const summary_options>& options,
                                 const std::vector<message>& conversation,
                                 const std::string& summary, context& ctx,
                                 std::function<void(summary_outcome)> done);

/// An asynchronous node that folds what is outside of `options.keep` into `summary` once the
/// conversation outgrows `options.limit`. The new summary and the removal of what it holds are one
/// write. The model's answer passes through the run's stream under the name `options.ask.speaker`.
/// Throws as `check_summary` and `trim_node` do.
template <described State>
[[nodiscard]] auto summary_node(std::shared_ptr<chat_model> model,
                                std::vector<message> State::*messages, std::string State::*summary,
                                summary_options options = {}) {
  check_summary(model, options);
  detail::require_add_messages(messages, "a summary node");
  return [model = std::move(model), messages, summary,
          options = std::make_shared<const summary_options>(std::move(options))](
             const State& state, context& ctx, reply<State> answer) {
    summarize(model, options, state.*messages, state.*summary, ctx,
              [answer, messages, summary](summary_outcome what) {
                if (what.error) return answer.fail(std::move(*what.error));
                update<State> change;
                if (what.changed) {
                  change.set(summary, std::move(what.summary));
                  change.set(messages, std::move(what.removed));
                }
                answer.done(std::move(change));
              });
  };
}

}  // namespace mcp
