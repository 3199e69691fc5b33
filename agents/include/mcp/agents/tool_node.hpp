#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/agents/tool_set.hpp"
#include "mcp/node.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Tools as a node: one task for each call that a model asks for.
///     graph.node("tools", mcp::tool_node<State>(tools, &State::messages))
///         .router("llm", mcp::tools_router(&State::messages, "tools"), {"tools", mcp::end})
///         .edge("tools", "llm");
namespace mcp {

/// Most calls in one message of a model; more fail the run with `too_large`.
inline constexpr std::size_t max_tool_calls = 256;

/// What a person is asked before a call of a tool with an `approval` rule.
struct tool_question {
  std::string tool{};
  std::string arguments{};    ///< JSON text
  std::string description{};  ///< of the tool

  friend bool operator==(const tool_question&, const tool_question&) = default;
};
MCP_STRUCT(tool_question, tool, (arguments, mcp::doc("JSON text")), description)

enum class tool_decision : std::uint8_t {
  accept,   ///< the call is made
  edit,     ///< the call is made with other arguments
  reject,   ///< the model is told that the call was refused, and why
  respond,  ///< the person's message is the call's result
};
MCP_ENUM(tool_decision, accept, edit, reject, respond)

/// The person's answer.
struct tool_answer {
  tool_decision type = tool_decision::reject;
  std::string arguments{};  ///< of `edit`: JSON text
  std::string message{};    ///< of `reject` and `respond`

  friend bool operator==(const tool_answer&, const tool_answer&) = default;
};
MCP_STRUCT(tool_answer, type, (arguments, mcp::doc("of edit: JSON text")),
           (message, mcp::doc("of reject: the reason; of respond: the result")))

namespace detail {

/// How a call ended: exactly one of the first two is set.
struct tool_call_end {
  std::optional<message> answer{};
  std::optional<error> failure{};
  bool failed = false;  ///< the answer tells why there is no result
};

/// Runs one call for a node. Asks a person first where the tool wants it, which leaves by an
/// `interrupt_signal`. `on_end` is called once, from any thread, perhaps before this returns; it
/// keeps alive what `ctx` belongs to.
MCP_AGENTS_EXPORT void run_tool_call(const tool_set& tools, const tool_call& call, context& ctx,
                                     std::function<void(tool_call_end)> on_end);
/// The calls of the last message, if it is a model's; throws `too_large`.
[[nodiscard]] MCP_AGENTS_EXPORT const std::vector<tool_call>& pending_calls(
    const std::vector<message>& messages);

}  // namespace detail

/// A node that runs one `mcp::tool_call`, the input of a send, and adds its result to `messages` as
/// a message of the role "tool". Each call is a task of its own: its result is journalled when it
/// is there, and a killed process repeats no call that had ended. The tool sees an idempotency key,
/// the same for this call whenever it is repeated. A tool that is not in the set, arguments that do
/// not fit, and failures of tools with `tell_model` are told to the model. Throws
/// `invalid_argument` when the field has no reducer that keeps what is there.
template <described State>
[[nodiscard]] auto tool_node(tool_set tools, std::vector<message> State::*messages) {
  if (!detail::field_accumulates(messages)) {
    throw error{errc::invalid_argument,
                "the messages of a tool node need the reducer mcp::add_messages or mcp::append"};
  }
  return
      [tools = std::move(tools), messages](const tool_call& call, context& ctx, reply<State> out) {
        detail::run_tool_call(tools, call, ctx, [out, messages](detail::tool_call_end ended) {
          if (ended.failure) {
            out.fail(std::move(*ended.failure));
          } else {
            out.done(update<State>{}.append(messages, std::move(*ended.answer)));
          }
        });
      };
}

/// A router: sends each call of the last message to the node `tools`; goes to `otherwise` when
/// there is none.
template <class State>
[[nodiscard]] auto tools_router(std::vector<message> State::*messages, std::string tools = "tools",
                                std::string otherwise = mcp::end) {
  return [messages, tools = std::move(tools), otherwise = std::move(otherwise)](const State& s) {
    std::vector<send> sends;
    for (const auto& call : detail::pending_calls(s.*messages)) sends.emplace_back(tools, call);
    return sends.empty() ? routes{otherwise} : routes{std::move(sends)};
  };
}

}  // namespace mcp
