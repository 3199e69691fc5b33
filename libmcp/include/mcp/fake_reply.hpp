#pragma once

#include "mcp/testkit.hpp"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mcp::testkit {

/// What an asynchronous node made of its reply object.
struct fake_outcome {
  node_result result{};             ///< its writes and where it goes
  std::optional<failure> failed{};  ///< why it failed, if it did
  milliseconds delay{0};            ///< of `done_after`
  bool dropped = false;             ///< the last copy of the reply went without an answer
};

/// For tests of asynchronous nodes: calls one with a reply object and shows what it answers.
///     mcp::testkit::fake_context fake;
///     auto call = mcp::testkit::begin<State>(fake, ask_server, State{});
///     CHECK(call.state_after(State{}).answer == "42");
/// The context must outlive the node's work. Copies share the answer; safe from several threads.
class MCP_EXPORT fake_reply {
 public:
  /// A reply object for the node; each call begins another one, whose answer then counts.
  explicit fake_reply(fake_context& context);

  /// True once the node has answered, or can no more.
  [[nodiscard]] bool ended() const;
  /// Waits until it has.
  [[nodiscard]] const fake_outcome& wait() const;
  /// `before` as the answer changes it, through the reducers; waits for it. Throws the error of a
  /// node that failed, and `reply_dropped`.
  template <class State>
  [[nodiscard]] State state_after(State before) const {
    const auto& end = wait();
    if (end.dropped) throw error{errc::reply_dropped, "the node let go of its reply"};
    if (end.failed) throw end.failed->error;
    return detail::applied(std::move(before), end.result.writes);
  }
  /// For `begin`: the port for one call, which it leaves to the node.
  [[nodiscard]] std::shared_ptr<reply_port> take_port() noexcept { return std::move(port_); }

 private:
  struct answer;
  class port;

  std::shared_ptr<answer> answer_;
  std::shared_ptr<reply_port> port_;
};

/// Calls `node(input, reply)` or `node(input, context&, reply)`. What it throws comes through, but
/// for a question without an answer, which `fake_context::questions` shows: the reply is dropped.
template <class State, class Node, class Input>
[[nodiscard]] fake_reply begin(fake_context& context, Node&& node, const Input& input) {
  fake_reply made{context};
  reply<State> answer{made.take_port()};
  context.forget_questions();
  try {
    if constexpr (std::is_invocable_v<Node&, const Input&, mcp::context&, reply<State>>) {
      auto& ctx = answer.context();
      std::invoke(node, input, ctx, std::move(answer));
    } else {
      std::invoke(node, input, std::move(answer));
    }
  } catch (const interrupt_signal&) {  // it waits for a person
  }
  return made;
}

}  // namespace mcp::testkit
