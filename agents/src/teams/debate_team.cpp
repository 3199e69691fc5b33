#include "mcp/agents/teams_debate.hpp"
#include "mcp/agents/teams_decision.hpp"
#include "teams/tally.hpp"
#include "teams/team_parts.hpp"

#include <algorithm>
#include <set>

namespace mcp {
namespace {

struct judgement {
  std::string winner{};
  std::string answer{};
};
MCP_STRUCT(judgement, (winner, mcp::doc("name of the debater who is right, or nothing")),
           (answer, mcp::doc("the answer to the question")))

struct vote_decision {
  std::string vote{};
};
MCP_STRUCT(vote_decision, vote)

/// One debater's turn: in a round, or at the vote.
struct debate_job {
  std::string debater{};
  std::int64_t round = 0;
  std::string question{};
  std::vector<debate_argument> arguments{};
};
MCP_STRUCT(debate_job, debater, round, question, arguments)

using debate_change = update<debate_state>;
using debate_reply = reply<debate_state>;
using shared_options = std::shared_ptr<const debate_options>;

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::vector<std::string> debaters_of(const debate_options& options) {
  std::vector<std::string> names;
  for (const auto& one : options.debaters) names.push_back(one.name);
  return names;
}

std::vector<std::string> candidates_of(const debate_options& options) {
  return options.choices.empty() ? debaters_of(options) : options.choices;
}

const debater& find(const debate_options& options, const std::string& name) {
  const auto found = std::find_if(options.debaters.begin(), options.debaters.end(),
                                  [&](const debater& one) { return one.name == name; });
  // A stored run may have been started by a team with other debaters.
  if (found != options.debaters.end()) return *found;
  throw error{errc::node_failed, "the debate has no debater \"" + name + "\" any more"};
}

/// The question and all that was said, as one message.
std::vector<message> minutes(const std::string& question,
                             const std::vector<debate_argument>& arguments,
                             const std::string& task) {
  auto text = "Question: " + question;
  for (const auto& one : arguments) {
    text += "\n\n" + one.debater + " (round " + std::to_string(one.round) + "): " + one.text;
  }
  return {user_message(text + "\n\n" + task)};
}

model_node_options asking(const debate_options& options, std::string system,
                          const std::string& speaker) {
  auto how = options.asking;
  how.system = std::move(system);
  how.speaker = speaker;
  return how;
}

std::vector<send> jobs(const debate_options& options, const debate_state& s, const char* node) {
  std::vector<send> all;
  for (const auto& one : options.debaters) {
    all.emplace_back(node, debate_job{one.name, s.round, s.question, s.arguments});
  }
  return all;
}

auto debater_node(shared_options options) {
  return [options = std::move(options)](const debate_job& job, context& ctx, debate_reply answer) {
    const auto& self = find(*options, job.debater);
    teams::ask_text<debate_state>(
        self.model, asking(*options, self.system, self.name),
        minutes(job.question, job.arguments,
                "You are " + self.name + ". Make your point, and answer the others."),
        ctx, answer, [name = self.name, round = job.round](message said, const debate_reply& to) {
          to.done(debate_change{}.append(&debate_state::arguments,
                                         {round, name, std::move(said.content)}));
        });
  };
}

auto voter_node(shared_options options) {
  return [options, candidates = candidates_of(*options)](const debate_job& job, context& ctx,
                                                         debate_reply answer) {
    const auto& self = find(*options, job.debater);
    ask_decision_or<vote_decision, debate_state>(
        self.model, asking(*options, self.system, self.name),
        minutes(job.question, job.arguments,
                "You are " + self.name + ". Vote for one of: " + list_of(candidates)),
        ctx, answer,
        [candidates](const vote_decision& ballot) {
          if (std::count(candidates.begin(), candidates.end(), ballot.vote) > 0) return;
          throw error{errc::malformed_answer, "a vote is for one of: " + list_of(candidates)};
        },
        [name = self.name](std::optional<vote_decision> ballot, const error*,
                           const debate_reply& to) {
          to.done(debate_change{}.append(&debate_state::ballots,
                                         {name, ballot ? std::move(ballot->vote) : std::string{}}));
        });
  };
}

auto judge_node(shared_options options) {
  return [options](const debate_state& s, context& ctx, debate_reply answer) {
    const auto names = debaters_of(*options);
    ask_decision<judgement, debate_state>(
        options->judge, asking(*options, "You judge a debate. Answer the question.", "judge"),
        minutes(s.question, s.arguments, "Who is right, and what is the answer?"), ctx,
        std::move(answer),
        [names](const judgement& verdict) {
          if (verdict.answer.empty()) {
            throw error{errc::malformed_answer, "a judgement has an answer"};
          }
          if (verdict.winner.empty()) return;
          if (std::count(names.begin(), names.end(), verdict.winner) > 0) return;
          throw error{errc::malformed_answer, "the winner is nobody, or one of: " + list_of(names)};
        },
        [](judgement verdict, const debate_reply& to) {
          to.done(debate_change{}
                      .set(&debate_state::winner, std::move(verdict.winner))
                      .set(&debate_state::answer, std::move(verdict.answer)));
        });
  };
}

auto count_node(shared_options options) {
  return [options](const debate_state& s) {
    auto winner = teams::majority(s.ballots, candidates_of(*options));
    if (!winner) throw error{errc::malformed_answer, "nobody of the debaters gave a valid vote"};
    auto answer = *winner;
    for (const auto& one : s.arguments) {
      if (options->choices.empty() && one.debater == *winner) answer = one.text;
    }
    return debate_change{}
        .set(&debate_state::winner, std::move(*winner))
        .set(&debate_state::answer, std::move(answer));
  };
}

void check_names(const char* what, const std::vector<std::string>& names, std::size_t most) {
  std::set<std::string_view> seen;
  for (const auto& one : names) {
    if (!one.empty() && seen.insert(one).second) continue;
    throw error{errc::invalid_argument, std::string{"the "} + what +
                                            " of a debate need different names that are not empty"};
  }
  if (names.size() <= most) return;
  throw error{errc::invalid_argument, "a debate has at most " + std::to_string(most) + " " + what};
}

void check(const debate_options& options) {
  std::vector<std::shared_ptr<chat_model>> models;
  for (const auto& one : options.debaters) models.push_back(one.model);
  teams::require_models(models);
  check_names("debaters", debaters_of(options), max_debaters);
  check_names("choices", options.choices, max_choices);
  if (models.empty() || options.rounds < 1) {
    throw error{errc::invalid_argument, "a debate needs debaters and at least 1 round"};
  }
  if (options.judge && !options.choices.empty()) {
    throw error{errc::invalid_argument, "a debate has a judge, or choices to vote for, not both"};
  }
}

/// Opens the next round, or has the debate decided.
command<debate_state> moderate(const debate_options& options, const debate_state& s) {
  auto now = s;
  debate_change next;
  // A thread may hold a debate that has ended: this is another one.
  if (s.round >= options.rounds && !s.answer.empty()) {
    now = {.question = s.question};
    next.overwrite(&debate_state::arguments, {}).overwrite(&debate_state::ballots, {});
    next.set(&debate_state::answer, {}).set(&debate_state::winner, {});
  }
  if (now.round >= options.rounds) {
    command<debate_state> decide{std::move(next)};
    decide.go_to(options.judge ? routes{"judge"} : routes{jobs(options, now, "voter")});
    return decide;
  }
  next.set(&debate_state::round, ++now.round);
  return command<debate_state>{std::move(next)}.go_to(jobs(options, now, "debater"));
}

}  // namespace

graph<debate_state> debate_team(std::string name, debate_options given) {
  check(given);
  const auto options = std::make_shared<const debate_options>(std::move(given));
  graph<debate_state> made{std::move(name)};
  const std::string last = options->judge ? "judge" : "voter";
  made.node("moderator", [options](const debate_state& s) { return moderate(*options, s); },
            {.destinations = {"debater", last}});
  made.node("debater", debater_node(options)).entry_point("moderator");
  made.edge("debater", "moderator");
  if (options->judge) {
    made.node("judge", judge_node(options)).finish_point("judge");
  } else {
    made.node("voter", voter_node(options)).node("count", count_node(options));
    made.edge("voter", "count").finish_point("count");
  }
  return made;
}

}  // namespace mcp
