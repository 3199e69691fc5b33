#include "guards/rule_book.hpp"
#include "mcp/agents/guards.hpp"

#include <utility>

namespace mcp {
namespace {

/// What came of a text.
struct outcome {
  enum class kind : std::uint8_t { same, redacted, replaced };
  kind what = kind::same;
  std::string text{};
};

using guards::coverage;

outcome treat(const guards::rule_book& rules, const std::string& text,
              coverage what = coverage::everything) {
  const auto problem = rules.problem(text, what);
  if (!problem) return {};
  const auto& options = rules.options();
  switch (options.on_refusal) {
    case refusal::redact:
      if (auto rest = rules.redacted(text, what))
        return {outcome::kind::redacted, std::move(*rest)};
      return {outcome::kind::replaced, options.replacement};
    case refusal::replace:
      return {outcome::kind::replaced, options.replacement};
    case refusal::error:
    case refusal::ask:
      break;
  }
  throw error{errc::guard_refused,
              "the guard \"" + options.name + "\" refused a text: " + *problem};
}

void refuse_asking(const guard_pair& guards) {
  for (const auto* one : {&guards.input, &guards.output}) {
    if (!*one || (*one)->options().on_refusal != refusal::ask) continue;
    throw error{errc::invalid_argument, "the guard \"" + (*one)->options().name +
                                            "\" asks a person, which only a guard_node can"};
  }
}

}  // namespace

guard::guard(guard_options options)
    : rules_(std::make_shared<const guards::rule_book>(std::move(options))) {}

const guard_options& guard::options() const noexcept {
  return rules_->options();
}

std::optional<std::string> guard::problem(std::string_view text) const {
  return rules_->problem(text);
}

std::string guard::checked(std::string text) const {
  auto treated = treat(*rules_, text);
  return treated.what == outcome::kind::same ? std::move(text) : std::move(treated.text);
}

void guard::check(chat_request& request) const {
  for (auto& one : request.messages) {
    if (one.role == "user" || one.role == "tool") one.content = checked(std::move(one.content));
  }
}

void guard::check(chat_answer& answer) const {
  auto& reply = answer.reply;
  // A message of calls alone has no text to speak of.
  const bool has_text = !reply.content.empty() || reply.tool_calls.empty();
  auto text = has_text ? treat(*rules_, reply.content) : outcome{};
  bool replaced = text.what == outcome::kind::replaced;
  if (text.what != outcome::kind::same) reply.content = std::move(text.text);
  for (auto& call : reply.tool_calls) {
    // Their schema is the tool's.
    auto arguments = treat(*rules_, call.arguments, coverage::without_schema);
    if (arguments.what == outcome::kind::replaced) replaced = true;
    if (arguments.what == outcome::kind::redacted) call.arguments = std::move(arguments.text);
  }
  if (!replaced) return;
  reply.content = rules_->options().replacement;
  reply.tool_calls.clear();
}

model_node_options guarded(model_node_options options, guard_pair guards) {
  refuse_asking(guards);
  if (guards.input) {
    options.before = [own = std::move(options.before),
                      input = std::move(*guards.input)](chat_request& request) {
      if (own) own(request);
      input.check(request);
    };
  }
  if (guards.output) {
    options.stream = false;
    options.after = [own = std::move(options.after),
                     output = std::move(*guards.output)](chat_answer& answer) {
      if (own) own(answer);
      output.check(answer);
    };
  }
  return options;
}

namespace detail {

std::optional<message> guarded_message(const guard& rules, const message& last, context& ctx) {
  const auto& options = rules.options();
  auto edited = last;
  if (options.on_refusal != refusal::ask) {
    edited.content = rules.checked(last.content);
  } else if (const auto problem = rules.problem(last.content)) {
    auto said = ctx.ask<guard_answer>(guard_question{options.name, *problem, last.content});
    if (said.type == guard_decision::edit) edited.content = std::move(said.text);
    if (said.type == guard_decision::reject) {
      edited.content = said.text.empty() ? options.replacement : std::move(said.text);
    }
  }
  if (edited.content == last.content) return std::nullopt;
  return edited;
}

}  // namespace detail
}  // namespace mcp
