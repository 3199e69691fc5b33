#include "mcp/agents/conversation_summary.hpp"

#include "memory/conversation_units.hpp"
#include "tools/text.hpp"

#include <algorithm>
#include <string_view>

namespace mcp {
namespace {

/// All indices below `count` that are not in `some`, which ascends.
std::vector<std::size_t> others(std::size_t count, const std::vector<std::size_t>& some) {
  std::vector<std::size_t> result;
  auto next = some.begin();
  for (std::size_t i = 0; i < count; ++i) {
    if (next != some.end() && *next == i) {
      ++next;
    } else {
      result.push_back(i);
    }
  }
  return result;
}

/// As many whole units of `outside` as the question may hold, at least one.
std::vector<std::size_t> one_helping(const std::vector<message>& conversation,
                                     const std::vector<std::size_t>& outside,
                                     const summary_options& options) {
  std::vector<std::size_t> result;
  auto next = outside.begin();
  std::int64_t tokens = 0;
  for (const auto& unit : memories::units_of(conversation, options.keep).all) {
    const auto first = next;
    while (next != outside.end() && *next < unit.end) ++next;
    if (first == next) continue;
    tokens += unit.tokens;
    if (tokens > options.max_question_tokens && !result.empty()) break;
    result.insert(result.end(), first, next);
  }
  return result;
}

std::string shown(const message& said, std::size_t limit) {
  std::string text = said.role;
  if (!said.name.empty()) text += " " + said.name;
  text += ": " + tools::shortened(said.content, limit) + "\n";
  for (const auto& call : said.tool_calls) {
    text +=
        said.role + " calls " + call.name + ": " + tools::shortened(call.arguments, limit) + "\n";
  }
  return text;
}

bool always_fails(errc code) {
  return code == errc::cancelled || code == errc::budget_exceeded;
}

/// The model's answer as a summary. Throws `malformed_answer`.
std::string summary_of(const chat_answer& answer, std::size_t limit) {
  if (answer.finish == finish_reason::refused) {
    throw error{errc::malformed_answer, "the model refused to summarise: " + answer.reply.content};
  }
  const auto& text = answer.reply.content;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw error{errc::malformed_answer, "the model answered with an empty summary"};
  }
  return std::string{tools::cut_text(text, limit)};
}

summary_outcome take(model_reply what, summary_outcome outcome, const summary_options& options,
                     context& ctx) {
  if (what.answer) {
    try {
      outcome.summary = summary_of(*what.answer, options.max_summary_bytes);
      outcome.changed = true;
      return outcome;
    } catch (const error& reason) {
      what.error = reason;
    }
  }
  if (options.on_failure == summary_failure::fail || always_fails(what.error->code())) {
    return {.error = std::move(what.error)};
  }
  ctx.emit("summary_failed", what.error->what());
  return {};
}

}  // namespace

summary_plan plan_summary(const std::vector<message>& conversation,
                          const summary_options& options) {
  summary_plan plan;
  if (window_of(conversation, options.limit).size() < conversation.size()) {
    const auto outside = others(conversation.size(), window_of(conversation, options.keep));
    plan.folded = one_helping(conversation, outside, options);
  }
  plan.kept = others(conversation.size(), plan.folded);
  return plan;
}

std::string summary_question(const std::vector<message>& conversation,
                             const std::vector<std::size_t>& folded, const std::string& summary,
                             const summary_options& options) {
  auto text = "Summary so far:\n" + (summary.empty() ? std::string{"(none)"} : summary) +
              "\n\nNew part of the conversation:\n";
  for (const auto index : folded) text += shown(conversation[index], options.max_message_bytes);
  return text;
}

void check_summary(const std::shared_ptr<chat_model>& model, const summary_options& options) {
  const auto refuse = [](const std::string& why) { throw error{errc::invalid_argument, why}; };
  if (!model) refuse("a summary needs a model; it was given null");
  if (options.max_question_tokens < 1 || options.max_message_bytes < 1 ||
      options.max_summary_bytes < 1) {
    refuse("the limits of summary_options are at least 1");
  }
  const auto& most = options.limit;
  const auto& rest = options.keep;
  if (most.max_tokens <= 0 && most.max_turns == 0) {
    refuse("summary_options::limit limits nothing; set max_tokens or max_turns");
  }
  const bool by_tokens =
      rest.max_tokens > 0 && (most.max_tokens <= 0 || rest.max_tokens < most.max_tokens);
  const bool by_turns =
      rest.max_turns > 0 && (most.max_turns == 0 || rest.max_turns < most.max_turns);
  if (!by_tokens && !by_turns) {
    refuse("summary_options::keep has to be smaller than summary_options::limit");
  }
}

void summarize(const std::shared_ptr<chat_model>& model,
               const std::shared_ptr<const summary_options>& options,
               const std::vector<message>& conversation, const std::string& summary, context& ctx,
               std::function<void(summary_outcome)> done) {
  summary_outcome outcome;
  std::string question;
  try {
    const auto plan = plan_summary(conversation, *options);
    if (!plan.folded.empty()) {
      outcome.removed = removals(conversation, plan.kept);
      question = summary_question(conversation, plan.folded, summary, *options);
    }
  } catch (const error& reason) {
    outcome.error = reason;
  } catch (const std::exception& reason) {
    outcome.error = error{errc::node_failed, reason.what()};
  }
  if (outcome.error || outcome.removed.empty()) return done(std::move(outcome));
  auto ask = std::make_shared<model_node_options>(options->ask);
  ask->system = options->instruction;
  ask->stream = false;
  ask_model(model, std::move(ask), {user_message(std::move(question))}, ctx,
            [options, &ctx, outcome = std::move(outcome),
             done = std::move(done)](model_reply what) mutable {
              done(take(std::move(what), std::move(outcome), *options, ctx));
            });
}

}  // namespace mcp
