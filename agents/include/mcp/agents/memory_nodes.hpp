#pragma once

#include "mcp/agents/agent_memory.hpp"
#include "mcp/agents/tool.hpp"
#include "mcp/node.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Long-term memory as nodes and as tools. Where they remember and look is the program's choice,
/// never the model's.
///     auto where = [](const State& s, mcp::context&) { return mcp::user_place(s.user); };
///     graph.node("recall", mcp::recall_node<State>(memory, &State::messages, &State::known,
///     where))
///         .node("remember", mcp::remember_node<State>(memory, &State::learnt, where));
namespace mcp {

struct recall_node_options {
  std::size_t limit = 5;
  std::string kind{};                    ///< empty: any
  std::vector<memory_filter> filters{};  ///< as in `recall_query`
};

namespace detail {

/// What the last message of a user says; empty when there is none.
[[nodiscard]] MCP_AGENTS_EXPORT std::string last_question(const std::vector<message>& messages);
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<std::string> texts_of(std::vector<memory_hit> notes);
/// Tells the run's stream why memory did with less: an event "memory_degraded".
MCP_AGENTS_EXPORT void tell_degraded(context& ctx, const std::optional<error>& why);

template <class T>
constexpr bool is_list_of_text = false;
template <>
inline constexpr bool is_list_of_text<std::vector<std::string>> = true;

template <class State, class Query>
std::string question_of(const Query& query, const State& state) {
  using found = std::remove_cvref_t<std::invoke_result_t<const Query&, const State&>>;
  if constexpr (std::same_as<found, std::vector<message>>) {
    return last_question(std::invoke(query, state));
  } else {
    return std::invoke(query, state);
  }
}

template <class State, class Where>
std::vector<memory_place> places_of(const Where& where, const State& state, context& ctx) {
  using found = std::remove_cvref_t<std::invoke_result_t<const Where&, const State&, context&>>;
  if constexpr (std::same_as<found, memory_place>) {
    return {std::invoke(where, state, ctx)};
  } else {
    return std::invoke(where, state, ctx);
  }
}

template <class State, class Source>
std::vector<memory_note> notes_of(const Source& source, const State& state) {
  using found = std::remove_cvref_t<std::invoke_result_t<const Source&, const State&>>;
  std::vector<memory_note> notes;
  const auto add = [&notes](auto&& one) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(one)>, memory_note>) {
      notes.push_back(one);
    } else {
      if (!one.empty()) notes.push_back({.text = one});
    }
  };
  if constexpr (std::same_as<found, std::vector<memory_note>> || is_list_of_text<found>) {
    for (const auto& one : std::invoke(source, state)) add(one);
  } else {
    add(std::invoke(source, state));
  }
  return notes;
}

}  // namespace detail

/// An asynchronous node that replaces `into`, a list of `memory_hit` or of texts, with what is
/// remembered about `query`: a member or function of the state, a text or a conversation, of which
/// the last message of a user counts. `where(const State&, context&)` says where to look: one
/// `memory_place` or a list of them.
template <described State, class Query, class Into, class Where>
[[nodiscard]] auto recall_node(agent_memory memory, Query query, Into State::*into, Where where,
                               recall_node_options options = {}) {
  static_assert(std::same_as<Into, std::vector<memory_hit>> || detail::is_list_of_text<Into>,
                "notes are recalled into a std::vector of mcp::memory_hit or of std::string");
  return [memory = std::move(memory), query = std::move(query), into, where = std::move(where),
          options = std::move(options)](const State& state, context& ctx, reply<State> answer) {
    recall_query wanted{.text = detail::question_of(query, state),
                        .places = detail::places_of(where, state, ctx),
                        .limit = options.limit,
                        .kind = options.kind,
                        .filters = options.filters};
    memory.recall(std::move(wanted), ctx, [answer, into](recall_result what) {
      if (what.error) return answer.fail(std::move(*what.error));
      detail::tell_degraded(answer.context(), what.degraded);
      update<State> change;
      if constexpr (detail::is_list_of_text<Into>) {
        change.overwrite(into, detail::texts_of(std::move(what.notes)));
      } else {
        change.overwrite(into, std::move(what.notes));
      }
      answer.done(std::move(change));
    });
  };
}

/// An asynchronous node that remembers `what`: a member or function of the state, one or several
/// texts or `memory_note`s; empty texts are passed over. `where(const State&, context&)` is the
/// `memory_place`. Writes nothing to the state. A node that is repeated, after a crash too,
/// remembers the same notes under the same keys.
template <described State, class Source, class Where>
[[nodiscard]] auto remember_node(agent_memory memory, Source what, Where where) {
  return [memory = std::move(memory), what = std::move(what), where = std::move(where)](
             const State& state, context& ctx, reply<State> answer) {
    memory_place place = std::invoke(where, state, ctx);
    memory.remember(std::move(place), detail::notes_of(what, state), ctx,
                    [answer](remember_result result) {
                      if (result.error) return answer.fail(std::move(*result.error));
                      detail::tell_degraded(answer.context(), result.degraded);
                      answer.done(update<State>{});
                    });
  };
}

/// Where a tool remembers and looks; may throw `mcp::error`.
using memory_tool_place = std::function<memory_place(context&)>;
using memory_tool_places = std::function<std::vector<memory_place>(context&)>;

/// "remember": the model notes something down, with a kind if it likes. What is wrong with it is
/// told to the model. Throws `invalid_argument` without a `where`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> remember_tool(agent_memory memory,
                                                                    memory_tool_place where);
/// "recall": finds notes, best first, with their keys. At most `max_results`, 1 to
/// `max_recalled_notes`, are told.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> recall_tool(agent_memory memory,
                                                                  memory_tool_places where,
                                                                  std::size_t max_results = 10);
/// "forget": removes the note with a key that "recall" told.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> forget_tool(agent_memory memory,
                                                                  memory_tool_place where);

}  // namespace mcp
