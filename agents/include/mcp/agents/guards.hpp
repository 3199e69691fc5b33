#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/node.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Guards: rules for the texts that go into a model and come out of it.
///     auto safe = mcp::with_guards(model, {
///         .input = mcp::guard{{.name = "questions", .max_bytes = 20'000}},
///         .output = mcp::guard{{.name = "answers", .secrets = true,
///                               .on_refusal = mcp::refusal::redact}}});
namespace mcp {

/// What a guard does with a text that breaks one of its rules.
enum class refusal : std::uint8_t {
  error,    ///< fails with `guard_refused`
  redact,   ///< what matched becomes `replacement`, what is too long is cut; else as `replace`
  replace,  ///< the whole text becomes `replacement`
  ask,      ///< a person decides; only in a `guard_node`
};
MCP_ENUM(refusal, error, redact, replace, ask)

struct guard_options {
  std::string name = "guard";          ///< for errors and for the person who is asked
  std::size_t max_bytes = 0;           ///< longest text; 0: only the limit of patterns, 1 MB
  std::vector<std::string> blocked{};  ///< PCRE2 patterns, at most 4 KB each and 1,000 of them
  bool secrets = false;                ///< API keys, tokens and private keys of well-known shapes
  std::string schema{};                ///< JSON Schema: the text is JSON that fits; or empty
  refusal on_refusal = refusal::error;
  std::string replacement = "[removed]";
};

/// A text that broke a rule, as a person sees it.
struct guard_question {
  std::string guard{};
  std::string reason{};
  std::string text{};

  friend bool operator==(const guard_question&, const guard_question&) = default;
};
MCP_STRUCT(guard_question, guard, reason, text)

enum class guard_decision : std::uint8_t { accept, edit, reject };
MCP_ENUM(guard_decision, accept, edit, reject)

/// The person's answer.
struct guard_answer {
  guard_decision type = guard_decision::reject;
  std::string text{};

  friend bool operator==(const guard_answer&, const guard_answer&) = default;
};
MCP_STRUCT(guard_answer, type,
           (text, mcp::doc("of edit: the text to use; of reject: what stands in its place, or "
                           "nothing for the guard's replacement")))

namespace guards {
class rule_book;
}

/// Rules for texts. What cannot be checked, because a text or the work of a search is beyond its
/// limit, breaks the rule. Immutable; copies are cheap; safe from several threads.
class MCP_AGENTS_EXPORT guard {
 public:
  /// Throws `invalid_argument` for a pattern that is none, and `invalid_schema` or `too_large` for
  /// a schema that is none.
  explicit guard(guard_options options);

  /// The first rule that the text breaks, in words that do not quote it; nothing: none.
  [[nodiscard]] std::optional<std::string> problem(std::string_view text) const;
  /// The text, or what `on_refusal` makes of it. Throws `guard_refused` for `error`, and for `ask`.
  [[nodiscard]] std::string checked(std::string text) const;
  /// The same for all that an input guard looks at: the messages of users and tools.
  void check(chat_request& request) const;
  /// The same for the text of an answer and the arguments of its calls. Where the whole text is
  /// replaced the calls are left out.
  void check(chat_answer& answer) const;

  [[nodiscard]] const guard_options& options() const noexcept;

 private:
  std::shared_ptr<const guards::rule_book> rules_;
};

/// A guard before the call, one after it, or both.
struct guard_pair {
  std::optional<guard> input{};
  std::optional<guard> output{};
};

/// A model behind guards. A question that is refused is not asked; an answer reaches the caller's
/// stream after it has been checked, in one piece. Put limits, retries and fallbacks inside. Throws
/// `invalid_argument` for null, and for a guard that asks a person.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> with_guards(
    std::shared_ptr<chat_model> model, guard_pair guards);

/// `options` with guards: `input` after its own `before`, `output` after its own `after`. With an
/// output guard the answer is not streamed. Throws as `with_guards`.
[[nodiscard]] MCP_AGENTS_EXPORT model_node_options guarded(model_node_options options,
                                                           guard_pair guards);

namespace detail {
/// The message after the guard, or nothing if it stays as it is. May ask, which leaves by an
/// `interrupt_signal`.
[[nodiscard]] MCP_AGENTS_EXPORT std::optional<message> guarded_message(const guard& rules,
                                                                       const message& last,
                                                                       context& ctx);
}  // namespace detail

/// A node function that checks the last message of a conversation, whoever it is from, and puts
/// what the guard makes of it in its place. The field needs the reducer `add_messages`, or none.
template <described State>
[[nodiscard]] auto guard_node(guard rules, std::vector<message> State::*messages) {
  const bool accumulates = detail::field_accumulates(messages);
  return [rules = std::move(rules), messages, accumulates](const State& state, context& ctx) {
    update<State> change;
    const auto& all = state.*messages;
    if (all.empty()) return change;
    auto checked = detail::guarded_message(rules, all.back(), ctx);
    if (!checked) return change;
    if (accumulates) return std::move(change.append(messages, std::move(*checked)));
    auto edited = all;
    edited.back() = std::move(*checked);
    change.set(messages, std::move(edited));
    return change;
  };
}

}  // namespace mcp
