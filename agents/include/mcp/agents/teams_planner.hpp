#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/graph.hpp"
#include "mcp/reducers.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mcp {

/// What became of one step of a plan.
struct plan_finding {
  std::string step{};
  std::string text{};

  friend bool operator==(const plan_finding&, const plan_finding&) = default;
};
MCP_STRUCT(plan_finding, step, text)

struct planner_state {
  std::string question{};
  std::vector<std::string> plan{};       ///< the latest
  std::vector<plan_finding> findings{};  ///< of all plans
  std::string critique{};                ///< what the critic misses; empty: nothing
  std::int64_t rounds = 0;               ///< plans made so far
  std::string answer{};
};
MCP_STATE(planner_state, question, plan, (findings, append), critique, rounds, answer)

/// The models, and what bounds them.
struct planner_options {
  std::shared_ptr<chat_model> planner{};   ///< answers {"steps":["...", ...]}
  std::shared_ptr<chat_model> executor{};  ///< answers one step, in words
  std::shared_ptr<chat_model> critic{};    ///< answers {"enough":true|false,"missing":"..."}
  std::shared_ptr<chat_model> writer{};    ///< writes the answer
  std::int64_t max_rounds = 3;             ///< plans, the first included; at least 1
  std::size_t max_steps = 8;               ///< of one plan, run side by side; at least 1
  model_node_options asking{};  ///< how else to ask all of them; its system prompt is filled in
};

/// Planner, executors in parallel, critic, writer: nodes "planner", "executor", "critic", "writer".
/// A critic who misses something sends the work back to the planner until `max_rounds` plans are
/// made, or a new plan has been refused twice (no JSON, no steps, too many, none that is not done);
/// then the writer works with what there is. A first plan that is refused twice fails the run with
/// `malformed_answer`. Throws `invalid_argument` for a model that is
/// null or a limit below 1.
[[nodiscard]] MCP_AGENTS_EXPORT graph<planner_state> planner_team(std::string name,
                                                                  planner_options options);

}  // namespace mcp
