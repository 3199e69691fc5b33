#pragma once

#include "mcp/context.hpp"
#include "mcp/node.hpp"
#include "mcp/update.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// For tests of nodes, without an executor: a context whose answers, effects, time and budget the
/// test decides, and that shows what the node did with it.
///     mcp::testkit::fake_context fake;
///     fake.answer_with(true).on_attempt(2);
///     auto change = fake.call(approve, State{});   // nothing: the node asks and waits
namespace mcp::testkit {

struct asked_question {
  std::string question{};  ///< JSON text
  std::string schema{};    ///< JSON Schema of the answer
};

struct emitted_event {
  std::string name{};
  std::string payload{};  ///< JSON text
};

/// A context for one task. Used by one thread at a time.
class MCP_EXPORT fake_context final : public context_port {
 public:
  // What the node will see.

  /// Answers the next question that has no answer yet: the first call the first question.
  template <class Answer>
  fake_context& answer_with(const Answer& content) {
    answers_.push_back(encoded(content));
    return *this;
  }
  /// `ctx.once(key, ...)` finds this result and does not run its effect.
  template <class Result>
  fake_context& with_effect(std::string key, const Result& result) {
    effects_[std::move(key)] = encoded(result);
    return *this;
  }
  fake_context& at_time(std::chrono::system_clock::time_point time) {
    time_ = time;
    return *this;
  }
  fake_context& advance(std::chrono::milliseconds by) {
    time_ += std::chrono::duration_cast<std::chrono::system_clock::duration>(by);
    return *this;
  }
  fake_context& on_attempt(int attempt) {
    attempt_ = attempt;
    return *this;
  }
  fake_context& at_step(std::int64_t step, std::int64_t remaining_steps) {
    step_ = step;
    remaining_steps_ = remaining_steps;
    return *this;
  }
  fake_context& in_thread(std::string thread_id) {
    thread_id_ = std::move(thread_id);
    return *this;
  }
  /// Most that may be charged to a counter.
  fake_context& with_budget(std::string counter, std::int64_t limit) {
    limits_[std::move(counter)] = limit;
    return *this;
  }
  /// What a fallback node sees as the failure it stands in for.
  fake_context& after_failure(error reason) {
    failure_ = std::move(reason);
    return *this;
  }
  fake_context& with_memory(std::shared_ptr<memory_store> memory) {
    memory_ = std::move(memory);
    return *this;
  }
  /// The node's result is no longer wanted: calls what it gave to `ctx.on_cancel`.
  fake_context& cancel();

  // Calling the node.

  /// A context for one call of the node; each begins at the first question.
  [[nodiscard]] mcp::context start() { return mcp::context{*this}; }
  /// Calls `node(input, context&)`, or `node(input)`. Nothing (false for a node that returns
  /// nothing) when it asks a question that has no answer; its exceptions come through.
  template <class Node, class Input>
  auto call(Node&& node, const Input& input) {
    auto ctx = start();
    const auto invoke = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<Node&, const Input&, mcp::context&>) {
        return std::invoke(node, input, ctx);
      } else {
        return std::invoke(node, input);
      }
    };
    forget_questions();
    using result = std::remove_cvref_t<decltype(invoke())>;
    if constexpr (std::is_void_v<result>) {
      try {
        invoke();
        return true;
      } catch (const interrupt_signal&) {
        return false;
      }
    } else {
      try {
        return std::optional<result>{invoke()};
      } catch (const interrupt_signal&) {
        return std::optional<result>{};
      }
    }
  }

  // What the node did.

  /// Questions of the last call that have no answer.
  [[nodiscard]] const std::vector<asked_question>& questions() const noexcept { return asked_; }
  /// A new call begins.
  void forget_questions() noexcept { asked_.clear(); }
  [[nodiscard]] const std::vector<emitted_event>& events() const noexcept { return events_; }
  [[nodiscard]] const std::vector<message>& messages() const noexcept { return messages_; }
  /// What is charged to the counter and not given back, over all calls.
  [[nodiscard]] std::int64_t charged(std::string_view counter) const;
  [[nodiscard]] bool has_effect(const std::string& key) const { return effects_.contains(key); }
  [[nodiscard]] std::size_t heartbeats() const noexcept { return heartbeats_; }

  // The port.

  [[nodiscard]] task_info info() const override;
  [[nodiscard]] std::string task_id() const override;
  [[nodiscard]] bool cancelled() const noexcept override;
  void on_cancel(std::function<void()> stop) override;
  void heartbeat() noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::optional<std::string> answer(std::size_t index) override;
  void ask(std::size_t index, std::string question, std::string schema) override;
  [[nodiscard]] std::optional<std::string> find_effect(const std::string& key) override;
  void keep_effect(const std::string& key, const std::string& result) override;
  void when_durable(std::function<void()> then) override;
  void emit(std::string name, std::string payload) override;
  void emit_message(const message& content) override;
  void charge(std::string_view counter, std::int64_t amount) override;
  void refund(std::string_view counter, std::int64_t amount) noexcept override;
  [[nodiscard]] const error* failure() const noexcept override;
  [[nodiscard]] memory_store* memory() const noexcept override;

 private:
  template <class T>
  static std::string encoded(const T& content) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return to_cbor(std::string{std::string_view{content}});
    } else {
      return to_cbor(content);
    }
  }

  std::vector<std::function<void()>> stops_;
  std::vector<std::string> answers_;
  std::map<std::string, std::string> effects_;
  std::map<std::string, std::int64_t, std::less<>> limits_;
  std::map<std::string, std::int64_t, std::less<>> used_;
  std::vector<asked_question> asked_;
  std::vector<emitted_event> events_;
  std::vector<message> messages_;
  std::chrono::system_clock::time_point time_{};
  std::optional<error> failure_;
  std::shared_ptr<memory_store> memory_;
  std::string thread_id_ = "thread";
  std::int64_t step_ = 0;
  std::int64_t remaining_steps_ = 10'007;
  std::size_t heartbeats_ = 0;
  int attempt_ = 1;
  bool cancelled_ = false;
};

namespace detail {

template <class State>
[[nodiscard]] State applied(State state, std::vector<channel_write> writes) {
  const auto& type = state_type_of<State>::of(state);
  for (auto& write : writes) {
    const auto& channel = type.at(write.channel);
    if (write.mode == write_mode::overwrite) {
      channel.assign(&state, std::move(write.content), nullptr);
    } else {
      channel.reduce(&state, std::move(write.content), nullptr);
    }
  }
  return state;
}

}  // namespace detail

/// The state after `change`, through the reducers: what a run would make of it.
template <class State>
[[nodiscard]] State apply(State state, update<State> change) {
  return detail::applied(std::move(state), std::move(change).take());
}

}  // namespace mcp::testkit

#include "mcp/fake_reply.hpp"
