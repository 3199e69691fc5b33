#pragma once

#include "mcp/agents/export.hpp"
#include "mcp/agents/model_node.hpp"
#include "mcp/reducers.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// How much of a conversation a model is shown, or a state keeps.
///     graph.node("talk", mcp::model_node(model, &State::messages,
///                                        mcp::with_window({}, {.max_tokens = 8000})));
///     graph.node("trim", mcp::trim_node(&State::messages, {.max_turns = 50}));
namespace mcp {

/// What fits. A turn begins with what a user says. A window that limits nothing keeps everything.
struct window_limit {
  std::int64_t max_tokens = 0;  ///< of the messages together; 0: no limit
  std::size_t max_turns = 0;    ///< 0: no limit
  /// Tokens of one message, at least 0; empty: `estimated_tokens`.
  std::function<std::int64_t(const message&)> count{};
  /// Messages that are kept whatever their age, besides those of the system.
  std::function<bool(const message&)> pinned{};
};

/// Which messages fit, as indices in their order: the newest ones. Always kept are pinned and
/// system messages, the newest message, and the last one of a user, even beyond the limit. A
/// message with tool calls and its answers are kept or left out together; an answer without its
/// call is left out. The window does not begin within an older turn. Pure; linear in the number of
/// messages, but for a logarithm.
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<std::size_t> window_of(
    const std::vector<message>& conversation, const window_limit& limit);

/// What has to be written through `add_messages` so that only `kept`, ascending indices, are left.
/// Throws `invalid_argument` when a message that goes has no id: `add_messages` gives one to each.
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<message> removals(
    const std::vector<message>& conversation, const std::vector<std::size_t>& kept);

/// The same options with a window on each question; the state is left alone. The tokens of tools
/// and schema count against the limit. A guard `before` that is there already sees what is left.
[[nodiscard]] MCP_AGENTS_EXPORT model_node_options with_window(model_node_options options,
                                                               window_limit limit);

namespace detail {

/// Throws `invalid_argument` unless the field has the reducer `add_messages`.
template <class State>
void require_add_messages(std::vector<message> State::*messages, const std::string& who) {
  bool found = false;
  for_each_field<State>([&]<class T, class R>(const field<State, T, R>& f) {
    if constexpr (std::is_same_v<T, std::vector<message>> && std::is_same_v<R, messages_reducer>) {
      if (f.member == messages) found = true;
    }
  });
  if (!found) {
    throw error{errc::invalid_argument,
                "the messages of " + who + " need the reducer mcp::add_messages"};
  }
}

}  // namespace detail

/// A node that removes from the state what does not fit, by id: messages that other nodes add in
/// the same superstep stay. Two such nodes on one field must not run side by side. Throws
/// `invalid_argument` when the field has not the reducer `add_messages`.
template <described State>
[[nodiscard]] auto trim_node(std::vector<message> State::*messages, window_limit limit) {
  detail::require_add_messages(messages, "a trim node");
  return [messages, limit = std::move(limit)](const State& s) {
    update<State> change;
    auto gone = removals(s.*messages, window_of(s.*messages, limit));
    if (!gone.empty()) change.set(messages, std::move(gone));
    return change;
  };
}

}  // namespace mcp
