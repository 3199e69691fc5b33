#pragma once

#include "mcp/agents/teams_decision.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What the ready-made teams share.
namespace mcp::teams {

/// Throws `invalid_argument` when one is null.
inline void require_models(const std::vector<std::shared_ptr<chat_model>>& models) {
  for (const auto& one : models) {
    if (!one) throw error{errc::invalid_argument, "a team needs its models; one of them is null"};
  }
}

/// Lets a model speak after another one: some providers take a conversation that ends with an
/// answer for one that the model is to write on. What it is told is no part of the state.
inline void let_go_on(model_node_options& how, std::string text = "Go on.") {
  how.before = [own = std::move(how.before), text = std::move(text)](chat_request& request) {
    const bool ends_with_answer =
        !request.messages.empty() && request.messages.back().role == "assistant";
    if (ends_with_answer) request.messages.push_back(user_message(text));
    if (own) own(request);
  };
}

/// Asks a model; its message goes to `finish`, which answers the node; an error fails the node.
template <class State>
void ask_text(const std::shared_ptr<chat_model>& model, model_node_options options,
              std::vector<message> messages, context& ctx, const reply<State>& out,
              std::function<void(message, const reply<State>&)> finish) {
  ask_model(model, std::make_shared<const model_node_options>(std::move(options)),
            std::move(messages), ctx, [out, finish = std::move(finish)](model_reply what) {
              if (what.error) return out.fail(std::move(*what.error));
              finish(std::move(what.answer->reply), out);
            });
}

}  // namespace mcp::teams
