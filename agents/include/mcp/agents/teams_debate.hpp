#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/graph.hpp"
#include "mcp/reducers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mcp {

/// What a debater said in one round.
struct debate_argument {
  std::int64_t round = 0;  ///< from 1
  std::string debater{};
  std::string text{};

  friend bool operator==(const debate_argument&, const debate_argument&) = default;
};
MCP_STRUCT(debate_argument, round, debater, text)

struct debate_ballot {
  std::string voter{};
  std::string vote{};  ///< a choice or a debater; empty: an abstention

  friend bool operator==(const debate_ballot&, const debate_ballot&) = default;
};
MCP_STRUCT(debate_ballot, voter, vote)

struct debate_state {
  std::string question{};
  std::int64_t round = 0;                    ///< of the debate, from 1
  std::vector<debate_argument> arguments{};  ///< by round, then in the order of the debaters
  std::vector<debate_ballot> ballots{};      ///< in the order of the debaters
  std::string winner{};                      ///< a debater, or a choice; a judge may name nobody
  std::string answer{};  ///< the judge's; else the choice, or what the winner said last
};
MCP_STATE(debate_state, question, round, (arguments, append), (ballots, append), winner, answer)

struct debater {
  std::string name{};
  std::shared_ptr<chat_model> model{};
  std::string system{};  ///< what it stands for
};

inline constexpr std::size_t max_debaters = 64;
inline constexpr std::size_t max_choices = 1000;

struct debate_options {
  std::vector<debater> debaters{};      ///< 1 to `max_debaters`, of different names
  std::int64_t rounds = 2;              ///< at least 1
  std::shared_ptr<chat_model> judge{};  ///< answers {"winner":"NAME","answer":"..."}; null: a vote
  std::vector<std::string> choices{};   ///< what the vote is about; empty: the debaters
  model_node_options asking{};          ///< how else to ask debaters and judge
};

/// Debaters argue side by side, round by round, each with what was said before; then a judge
/// decides, or they vote ({"vote":"..."}): nodes "moderator", "debater", and "judge" or "voter" and
/// "count". The most votes win; of equals the first in `choices`, or among the debaters. Throws
/// `invalid_argument` for null models, double or empty names and choices, a limit out of range.
[[nodiscard]] MCP_AGENTS_EXPORT graph<debate_state> debate_team(std::string name,
                                                                debate_options options);

}  // namespace mcp
