#include "mcp/agents/teams_clarifier.hpp"
#include "teams/team_parts.hpp"

namespace mcp {
namespace {

struct clarity_decision {
  bool clear = false;
  std::string question{};
  std::vector<std::string> assumptions{};
};
MCP_STRUCT(clarity_decision, clear, (question, mcp::doc("to the person, if not clear")),
           (assumptions, mcp::doc("what is taken for granted where nothing was said")))

using clarifier_change = update<clarifier_state>;
using clarifier_reply = reply<clarifier_state>;

clarifier_change begin_node(const clarifier_state&) {
  return clarifier_change{}
      .overwrite(&clarifier_state::exchanges, {})
      .set(&clarifier_state::question, {})
      .set(&clarifier_state::assumptions, {})
      .set(&clarifier_state::clear_request, {});
}

std::string with_answers(const clarifier_state& s) {
  auto text = s.request;
  for (const auto& one : s.exchanges) {
    text += "\n\nQuestion: " + one.question + "\nAnswer: " + one.answer;
  }
  return text;
}

std::string with_assumptions(std::string text, const std::vector<std::string>& assumptions) {
  if (assumptions.empty()) return text;
  text += "\n\nAssumptions:";
  for (const auto& one : assumptions) text += "\n- " + one;
  return text;
}

/// What a verdict changes; `last`: no more questions may be asked.
clarifier_change conclude(clarity_decision verdict, bool last, const std::string& answered) {
  if (!verdict.clear && !last) {
    return clarifier_change{}.set(&clarifier_state::question, std::move(verdict.question));
  }
  if (!verdict.clear && !verdict.question.empty()) {
    verdict.assumptions.push_back("nobody answered: " + verdict.question);
  }
  return clarifier_change{}
      .set(&clarifier_state::question, {})
      .set(&clarifier_state::clear_request, with_assumptions(answered, verdict.assumptions))
      .set(&clarifier_state::assumptions, std::move(verdict.assumptions));
}

auto judge_node(const clarifier_options& options) {
  auto how = options.asking;
  how.system = options.system;
  return [model = options.model, how = std::move(how), most = options.max_questions](
             const clarifier_state& s, context& ctx, clarifier_reply answer) {
    const bool last = static_cast<std::int64_t>(s.exchanges.size()) >= most;
    auto answered = with_answers(s);
    auto text = "Request: " + answered;
    if (last) text += "\n\nNo more questions can be asked: say clear, and state your assumptions.";
    ask_decision_or<clarity_decision, clarifier_state>(
        model, how, {user_message(std::move(text))}, ctx, answer,
        [last](const clarity_decision& verdict) {
          if (verdict.clear || last || !verdict.question.empty()) return;
          throw error{errc::malformed_answer, "a request that is not clear needs a question"};
        },
        [last, answered](std::optional<clarity_decision> verdict, const error* why,
                         const clarifier_reply& to) {
          if (why != nullptr) {
            verdict = clarity_decision{
                .clear = true, .assumptions = {"the request was not checked: " + why->message()}};
          }
          to.done(conclude(std::move(*verdict), last, answered));
        });
  };
}

auto ask_node(std::int64_t most) {
  return [most](const clarifier_state& s, context& ctx) {
    const auto number = static_cast<std::int64_t>(s.exchanges.size()) + 1;
    auto said = ctx.ask<std::string>(clarifier_question{s.question, number, most});
    return clarifier_change{}
        .append(&clarifier_state::exchanges, {s.question, std::move(said)})
        .set(&clarifier_state::question, {});
  };
}

}  // namespace

graph<clarifier_state> clarifier_team(std::string name, clarifier_options options) {
  teams::require_models({options.model});
  if (options.max_questions < 0) {
    throw error{errc::invalid_argument, "max_questions of a clarifier is at least 0"};
  }
  graph<clarifier_state> made{std::move(name)};
  made.node("begin", begin_node).entry_point("begin").edge("begin", "judge");
  made.node("judge", judge_node(options));
  made.node("ask", ask_node(options.max_questions)).edge("ask", "judge");
  made.router(
      "judge",
      [](const clarifier_state& s) { return s.question.empty() ? routes{end} : routes{"ask"}; },
      {"ask", end});
  return made;
}

}  // namespace mcp
