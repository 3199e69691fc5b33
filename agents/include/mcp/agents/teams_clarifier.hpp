#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/graph.hpp"
#include "mcp/reducers.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mcp {

/// A question to the person, and the answer.
struct clarification {
  std::string question{};
  std::string answer{};

  friend bool operator==(const clarification&, const clarification&) = default;
};
MCP_STRUCT(clarification, question, answer)

struct clarifier_state {
  std::string request{};
  std::vector<clarification> exchanges{};
  std::string question{};                  ///< to be asked next; empty: none
  std::vector<std::string> assumptions{};  ///< made in place of answers
  std::string clear_request{};             ///< the request with answers and assumptions
};
MCP_STATE(clarifier_state, request, (exchanges, append), question, assumptions, clear_request)

/// What the person is asked; the answer is a text.
struct clarifier_question {
  std::string question{};
  std::int64_t number = 0;  ///< from 1
  std::int64_t most = 0;    ///< questions that may be asked

  friend bool operator==(const clarifier_question&, const clarifier_question&) = default;
};
MCP_STRUCT(clarifier_question, question, number, most)

struct clarifier_options {
  /// Answers {"clear":true|false,"question":"...","assumptions":["...", ...]}.
  std::shared_ptr<chat_model> model{};
  std::string system =
      "Judge whether the request can be worked on as it is. Ask one short question only if the "
      "answer changes what is to be done.";
  std::int64_t max_questions = 3;  ///< at least 0; then the model states its assumptions
  model_node_options asking{};     ///< how else to ask; its system prompt is filled in
};

/// Asks a person what a request leaves open: nodes "begin", "judge" and "ask". The person is asked
/// through an interrupt, so the executor needs a store. Throws `invalid_argument` for a null model
/// or a negative limit.
[[nodiscard]] MCP_AGENTS_EXPORT graph<clarifier_state> clarifier_team(std::string name,
                                                                      clarifier_options options);

/// A clarifier as a node of another graph, in front of whatever works on `request`, which it
/// replaces by the clear request:
///     graph.node("clarify", mcp::clarify_first({.model = model}, &State::question))
///         .entry_point("clarify").edge("clarify", "work");
template <described State>
[[nodiscard]] auto clarify_first(clarifier_options options, std::string State::*request) {
  return subgraph(
      clarifier_team("clarifier", std::move(options)),
      [request](const State& s) { return clarifier_state{.request = s.*request}; },
      [request](const clarifier_state& s) {
        return update<State>{}.set(request, s.clear_request);
      });
}

}  // namespace mcp
