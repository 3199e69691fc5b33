#pragma once

#include "mcp/agents/tool_node.hpp"
#include "mcp/graph.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The simplest agent: a model and its tools, in turns, until the model asks for none.
///     mcp::tool_set tools{weather};
///     auto talk = mcp::model_node(model, &mcp::chat_state::messages,
///                                 {.tools_now = [tools] { return tools.descriptions(); }});
///     auto graph = mcp::tool_loop("agent", talk, tools, &mcp::chat_state::messages);
namespace mcp {

/// A conversation as the whole state.
struct chat_state {
  std::vector<message> messages{};

  friend bool operator==(const chat_state&, const chat_state&) = default;
};
MCP_STATE(chat_state, (messages, add_messages))

struct tool_loop_options {
  std::string model_node = "llm";    ///< name of the node that asks the model
  std::string tools_node = "tools";  ///< name of the node that runs the calls
  node_options model_options{};
  node_options tools_options{};
  /// What the model "says" in place of calls of tools for which no supersteps are left.
  std::string out_of_steps = "Sorry, need more steps to process this request.";
};

namespace detail {

/// Supersteps that calls of tools need: the model's own, the tools', and the model's again.
inline constexpr std::int64_t steps_of_a_round = 3;

/// Replaces the last message when it asks for tools and `remaining_steps` do not suffice for them.
MCP_AGENTS_EXPORT void give_up_in_time(std::vector<message>& messages, std::int64_t remaining_steps,
                                       const std::string& text);

/// What `give_up_in_time` needs to know of a loop.
struct last_step_rule {
  std::uint16_t channel = 0;  ///< of the messages
  std::string text{};

  void apply(std::vector<channel_write>& writes, std::int64_t remaining_steps) const {
    for (auto& write : writes) {
      if (write.channel != channel) continue;
      give_up_in_time(write.content.as<std::vector<message>>(), remaining_steps, text);
    }
  }
};

/// Gives an erased update its type back.
template <class State>
update<State> typed_update(std::vector<channel_write> writes) {
  update<State> change;
  for (auto& write : writes) {
    std::uint16_t index = 0;
    for_each_field<State>([&]<class T, class R>(const field<State, T, R>& f) {
      if (index++ != write.channel) return;
      auto& content = write.content.template as<T>();
      if (write.mode == write_mode::overwrite) {
        change.overwrite(f.member, std::move(content));
      } else {
        change.set(f.member, std::move(content));
      }
    });
  }
  return change;
}

/// What a model's node returned, edited.
template <class State, class Result>
Result edited(Result result, std::vector<message> State::*messages, const last_step_rule& rule,
              std::int64_t remaining_steps) {
  if constexpr (std::same_as<Result, State>) {
    give_up_in_time(result.*messages, remaining_steps, rule.text);
    return result;
  } else if constexpr (is_update<Result>) {
    static_assert(std::same_as<typename Result::state, State>, "the update is for another state");
    auto writes = std::move(result).take();
    rule.apply(writes, remaining_steps);
    return typed_update<State>(std::move(writes));
  } else {
    static_assert(std::same_as<Result, command<State>>,
                  "the model's node of a tool loop returns its State, mcp::update<State> or "
                  "mcp::command<State>");
    if (result.is_for_parent()) return result;
    auto where = result.where();
    auto writes = std::move(result).take_change().take();
    rule.apply(writes, remaining_steps);
    return command<State>{typed_update<State>(std::move(writes))}.go_to(std::move(where));
  }
}

/// Stands between an asynchronous node and the engine, and edits the answer.
template <class State>
class last_step_port final : public reply_port {
 public:
  last_step_port(reply<State> out, last_step_rule rule)
      : out_(std::move(out)), rule_(std::move(rule)) {}

  bool done(node_result result) override {
    if (result.parent) {
      out_.fail(error{errc::invalid_goto,
                      "the model's node of a tool loop cannot command an enclosing graph"});
      return true;
    }
    routes where;
    for (auto& one : result.go_to) where.add(std::move(one));
    out_.done(command<State>{change_of(result)}.go_to(std::move(where)));
    return true;
  }
  bool fail(failure reason) override {
    out_.fail(std::move(reason.error));
    return true;
  }
  bool interrupt() override {
    out_.interrupt();
    return true;
  }
  bool done_after(milliseconds delay, node_result result) override {
    out_.done_after(delay, change_of(result));
    return true;
  }
  [[nodiscard]] mcp::context& context() noexcept override { return out_.context(); }

 private:
  [[nodiscard]] update<State> change_of(node_result& result) const {
    rule_.apply(result.writes, out_.context().remaining_steps());
    return typed_update<State>(std::move(result.writes));
  }

  const reply<State> out_;
  const last_step_rule rule_;
};

/// The node `function` with an eye on the supersteps that are left.
template <class State, class Function>
auto watch_last_step(Function function, std::vector<message> State::*messages, std::string text) {
  using arguments = typename callable<Function>::arguments;
  constexpr auto count = std::tuple_size_v<arguments>;
  using first = std::remove_cvref_t<std::tuple_element_t<0, arguments>>;
  using last = std::remove_cvref_t<std::tuple_element_t<count - 1, arguments>>;
  static_assert(std::same_as<first, State>, "the model's node of a tool loop takes the state");
  last_step_rule rule{channel_index(messages), std::move(text)};
  if constexpr (is_reply<last>) {
    return [function = std::move(function), rule = std::move(rule)](
               const State& state, context& ctx, reply<State> out) {
      reply<State> watched{std::make_shared<last_step_port<State>>(std::move(out), rule)};
      if constexpr (count == 3) {
        function(state, ctx, std::move(watched));
      } else {
        static_cast<void>(ctx);
        function(state, std::move(watched));
      }
    };
  } else {
    return [function = std::move(function), messages, rule = std::move(rule)](const State& state,
                                                                              context& ctx) {
      if constexpr (count == 2) {
        return edited(function(state, ctx), messages, rule, ctx.remaining_steps());
      } else {
        return edited(function(state), messages, rule, ctx.remaining_steps());
      }
    };
  }
}

}  // namespace detail

/// A graph of two nodes: `model` asks, the tools answer. `model` is a node function over `State`,
/// such as `mcp::model_node`, that adds the model's answer to `messages`. The run ends at an answer
/// without calls of tools, or with `options.out_of_steps` when the recursion limit leaves no steps
/// for the calls and one more answer. Throws `invalid_argument` as `tool_node` does.
template <described State, class Function>
[[nodiscard]] graph<State> tool_loop(std::string name, Function model, tool_set tools,
                                     std::vector<message> State::*messages,
                                     tool_loop_options options = {}) {
  graph<State> made{std::move(name)};
  made.node(options.model_node,
            detail::watch_last_step(std::move(model), messages, std::move(options.out_of_steps)),
            std::move(options.model_options));
  made.node(options.tools_node, tool_node(std::move(tools), messages),
            std::move(options.tools_options));
  made.entry_point(options.model_node)
      .router(options.model_node, tools_router(messages, options.tools_node),
              {options.tools_node, end})
      .edge(options.tools_node, options.model_node);
  return made;
}

}  // namespace mcp
