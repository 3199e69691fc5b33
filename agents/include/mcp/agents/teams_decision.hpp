#pragma once

#include "mcp/agents/model_node.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Decisions of a model as described structs.
namespace mcp {

namespace detail {
/// Asks for JSON as `ask_model` does. When the answer does not fit the schema, or `read` throws,
/// the model is told why and asked once more; a second such answer is the error
/// `malformed_answer`. `done` is called once: with an error, or with nothing after `read`.
MCP_AGENTS_EXPORT void ask_for_json(const std::shared_ptr<chat_model>& model,
                                    const std::shared_ptr<const model_node_options>& options,
                                    std::vector<message> messages, context& ctx,
                                    std::function<void(const std::string&)> read,
                                    std::function<void(std::optional<error>)> done);
}  // namespace detail

/// Asks a model to decide: `check` gets the answer and may throw `mcp::error` to refuse it. One
/// answer that does not fit is sent back to the model with the reason. `finish` gets the decision,
/// or nothing and the reason after a second such answer, and has to answer `out`, which is failed
/// with the error of a call that failed. `options` say how to ask; their schema is set here.
template <described Decision, class State>
void ask_decision_or(
    const std::shared_ptr<chat_model>& model, model_node_options options,
    std::vector<message> messages, context& ctx, const reply<State>& out,
    std::function<void(const Decision&)> check,
    std::function<void(std::optional<Decision>, const error* why, const reply<State>&)> finish) {
  options.request.output_schema = json_schema_of<Decision>();
  options.stream = false;
  auto decided = std::make_shared<Decision>();
  detail::ask_for_json(
      model, std::make_shared<const model_node_options>(std::move(options)), std::move(messages),
      ctx,
      [decided, check = std::move(check)](const std::string& text) {
        *decided = from_json<Decision>(text);
        if (check) check(*decided);
      },
      [decided, out, finish = std::move(finish)](std::optional<error> problem) {
        if (!problem) return finish(std::move(*decided), nullptr, out);
        if (problem->code() != errc::malformed_answer) return out.fail(std::move(*problem));
        finish(std::nullopt, &*problem, out);
      });
}

/// The same for decisions that are needed: `out` is failed with `malformed_answer` after a second
/// answer that does not fit.
template <described Decision, class State>
void ask_decision(const std::shared_ptr<chat_model>& model, model_node_options options,
                  std::vector<message> messages, context& ctx, const reply<State>& out,
                  std::function<void(const Decision&)> check,
                  std::function<void(Decision, const reply<State>&)> finish) {
  ask_decision_or<Decision, State>(
      model, std::move(options), std::move(messages), ctx, out, std::move(check),
      [finish = std::move(finish)](std::optional<Decision> decided, const error* why,
                                   const reply<State>& to) {
        if (why != nullptr) return to.fail(*why);
        finish(std::move(*decided), to);
      });
}

}  // namespace mcp
