#include "mcp/agents/teams_planner.hpp"
#include "teams/team_parts.hpp"

#include <algorithm>

namespace mcp {
namespace {

struct plan_decision {
  std::vector<std::string> steps{};
};
MCP_STRUCT(plan_decision, steps)

struct critic_decision {
  bool enough = false;
  std::string missing{};
};
MCP_STRUCT(critic_decision, enough, missing)

struct plan_job {
  std::string question{};
  std::string step{};
};
MCP_STRUCT(plan_job, question, step)

using planner_reply = reply<planner_state>;
using planner_change = update<planner_state>;

model_node_options asking(const planner_options& options, std::string system) {
  auto how = options.asking;
  how.system = std::move(system);
  return how;
}

/// The question and all that is known, as one message.
std::vector<message> briefing(const planner_state& s) {
  auto text = "Question: " + s.question;
  for (const auto& one : s.findings) text += "\nStep: " + one.step + "\nFinding: " + one.text;
  if (!s.critique.empty()) text += "\nMissing: " + s.critique;
  return {user_message(std::move(text))};
}

bool is_done(const planner_state& s, const std::string& step) {
  return std::any_of(s.findings.begin(), s.findings.end(),
                     [&](const plan_finding& one) { return one.step == step; });
}

/// Refuses a plan of too few or too many steps, and one that has nothing new.
void check_plan(const plan_decision& plan, const planner_state& s, std::size_t most) {
  if (plan.steps.empty() || plan.steps.size() > most) {
    throw error{errc::malformed_answer, "a plan has 1 to " + std::to_string(most) +
                                            " steps, this one has " +
                                            std::to_string(plan.steps.size())};
  }
  if (std::all_of(plan.steps.begin(), plan.steps.end(),
                  [&](const std::string& step) { return is_done(s, step); })) {
    throw error{errc::malformed_answer, "all steps of this plan are done already"};
  }
}

/// A thread may hold an answer to an earlier question: this is another one.
planner_state without_answered(const planner_state& s) {
  return s.answer.empty() ? s : planner_state{.question = s.question};
}

planner_change planned(std::vector<std::string> steps, std::int64_t rounds, bool afresh) {
  planner_change made;
  if (afresh) {
    made.overwrite(&planner_state::findings, {});
    made.set(&planner_state::critique, {}).set(&planner_state::answer, {});
  }
  made.set(&planner_state::plan, std::move(steps)).set(&planner_state::rounds, rounds);
  return made;
}

auto plan_node(const planner_options& options) {
  return
      [model = options.planner, most = options.max_steps,
       how = asking(options, "Plan the steps that answer the question. Leave out what is known.")](
          const planner_state& given, context& ctx, planner_reply answer) {
        const auto s = without_answered(given);
        ask_decision_or<plan_decision, planner_state>(
            model, how, briefing(s), ctx, answer,
            [s, most](const plan_decision& plan) { check_plan(plan, s, most); },
            [rounds = s.rounds + 1, afresh = !given.answer.empty()](
                std::optional<plan_decision> plan, const error* why, const planner_reply& to) {
              // Without a first plan there is nothing to write from; later there is.
              if (why != nullptr && rounds == 1) return to.fail(*why);
              auto steps = plan ? std::move(plan->steps) : std::vector<std::string>{};
              to.done(planned(std::move(steps), rounds, afresh));
            });
      };
}

auto execute_node(const planner_options& options) {
  return [model = options.executor,
          how = asking(options, "Do this one step of a plan and say what you found.")](
             const plan_job& job, context& ctx, planner_reply answer) {
    teams::ask_text<planner_state>(
        model, how, {user_message("Question: " + job.question + "\nStep: " + job.step)}, ctx,
        answer, [step = job.step](message said, const planner_reply& to) {
          to.done(
              planner_change{}.append(&planner_state::findings, {step, std::move(said.content)}));
        });
  };
}

auto critic_node(const planner_options& options) {
  return [model = options.critic,
          how = asking(options, "Judge whether the findings suffice to answer the question.")](
             const planner_state& s, context& ctx, planner_reply answer) {
    ask_decision<critic_decision, planner_state>(
        model, how, briefing(s), ctx, std::move(answer),
        [](const critic_decision& verdict) {
          if (verdict.enough || !verdict.missing.empty()) return;
          throw error{errc::malformed_answer, "a verdict of not enough says what is missing"};
        },
        [](critic_decision verdict, const planner_reply& to) {
          to.done(planner_change{}.set(&planner_state::critique, verdict.enough
                                                                     ? std::string{}
                                                                     : std::move(verdict.missing)));
        });
  };
}

auto writer_node(const planner_options& options) {
  return [model = options.writer,
          how = asking(options, "Answer the question from the findings alone.")](
             const planner_state& s, context& ctx, planner_reply answer) {
    teams::ask_text<planner_state>(
        model, how, briefing(s), ctx, answer, [](message said, const planner_reply& to) {
          to.done(planner_change{}.set(&planner_state::answer, std::move(said.content)));
        });
  };
}

}  // namespace

graph<planner_state> planner_team(std::string name, planner_options options) {
  teams::require_models({options.planner, options.executor, options.critic, options.writer});
  if (options.max_rounds < 1 || options.max_steps < 1) {
    throw error{errc::invalid_argument,
                "max_rounds and max_steps of a planner team are at least 1"};
  }
  graph<planner_state> made{std::move(name)};
  made.node("planner", plan_node(options)).node("executor", execute_node(options));
  made.node("critic", critic_node(options)).node("writer", writer_node(options));
  made.entry_point("planner").edge("executor", "critic").finish_point("writer");
  made.router("planner",
              [](const planner_state& s) {
                std::vector<send> jobs;
                for (const auto& step : s.plan) {
                  jobs.emplace_back("executor", plan_job{s.question, step});
                }
                return jobs.empty() ? routes{"writer"} : routes{std::move(jobs)};
              },
              {"executor", "writer"});
  made.router("critic",
              [most = options.max_rounds](const planner_state& s) {
                return s.critique.empty() || s.rounds >= most ? "writer" : "planner";
              },
              {"planner", "writer"});
  return made;
}

}  // namespace mcp
