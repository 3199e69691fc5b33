#pragma once

#include "mcp/agents/conversation_window.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// What a model is told beside the conversation: the summary of what was said before, facts that
/// were pinned, notes that were recalled.
namespace mcp {

/// Facts that a state pins.
inline constexpr std::size_t max_pinned_facts = 64;
inline constexpr std::size_t max_pinned_fact_bytes = 1024;

namespace detail {
MCP_AGENTS_EXPORT void add_facts(std::vector<std::string>& current,
                                 std::vector<std::string>&& incoming);
}  // namespace detail

/// A reducer for a list of facts: new ones are added at the end, each once; a longer one than
/// `max_pinned_fact_bytes` is cut, and beyond `max_pinned_facts` the oldest go.
///     MCP_STATE(State, (facts, mcp::pin_facts))
inline constexpr auto pin_facts =
    reduce_with([](std::vector<std::string>& current, std::vector<std::string>&& incoming) {
      detail::add_facts(current, std::move(incoming));
    });

struct prompt_memory {
  std::string summary{};
  std::vector<std::string> facts{};     ///< oldest first
  std::vector<std::string> recalled{};  ///< best first
};

/// How much of it is shown.
struct prompt_limits {
  std::size_t max_facts = 64;                 ///< the newest
  std::size_t max_recalled = 16;              ///< the first
  std::size_t max_item_bytes = 1024;          ///< of a fact or note; cut
  std::size_t max_summary_bytes = 16 * 1024;  ///< cut
};

/// The text for the prompt, which calls its content notes and no instructions; empty when there is
/// nothing to tell. Pure.
[[nodiscard]] MCP_AGENTS_EXPORT std::string prompt_text(const prompt_memory& memory,
                                                        const prompt_limits& limits = {});

/// The same options with `memory` told in each question: added to its first message if that is the
/// system's, so that what is before it stays the same for a provider's cache, else put before all
/// messages. Then the window, then a guard `before` that is there already.
[[nodiscard]] MCP_AGENTS_EXPORT model_node_options with_memory(model_node_options options,
                                                               const prompt_memory& memory,
                                                               window_limit window = {},
                                                               const prompt_limits& limits = {});

/// Which fields of a state a model is told. Null: there is none.
template <described State>
struct memory_view {
  std::string State::*summary = nullptr;
  std::vector<std::string> State::*facts = nullptr;
  std::vector<std::string> State::*recalled = nullptr;
  window_limit window{};  ///< of the whole question
  prompt_limits limits{};
};

/// A `model_node` that is told what the state remembers, and shown a window of the conversation.
template <described State>
[[nodiscard]] auto remembering_node(std::shared_ptr<chat_model> model,
                                    std::vector<message> State::*messages, memory_view<State> view,
                                    model_node_options options = {},
                                    std::string State::*output = nullptr) {
  static_cast<void>(model_node(model, messages, {}, output));  // what is wrong is said at once
  return [model = std::move(model), messages, view = std::move(view), options = std::move(options),
          output](const State& state, context& ctx, reply<State> answer) {
    prompt_memory memory;
    if (view.summary != nullptr) memory.summary = state.*view.summary;
    if (view.facts != nullptr) memory.facts = state.*view.facts;
    if (view.recalled != nullptr) memory.recalled = state.*view.recalled;
    const auto ask =
        model_node(model, messages, with_memory(options, memory, view.window, view.limits), output);
    ask(state, ctx, std::move(answer));
  };
}

}  // namespace mcp
