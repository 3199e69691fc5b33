#pragma once

#include "mcp/agent_system.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mcp {

/// The address of an agent that handles `Messages`: others do not compile. The system must outlive
/// it. Safe from several threads.
template <class... Messages>
class agent_ref {
 public:
  agent_ref(agent_system& system, std::string address)
      : system_(&system), address_(std::move(address)) {}

  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  template <class M>
  void tell(M&& message, send_options how = {}) const {
    check<M>();
    system_->tell(address_, std::forward<M>(message), std::move(how));
  }
  template <class M>
  void tell_durable(M&& message, send_options how = {}) const {
    check<M>();
    system_->tell_durable(address_, std::forward<M>(message), std::move(how));
  }
  template <class R = void, class M>
  auto ask(M&& message, milliseconds timeout, send_options how = {}) const {
    check<M>();
    return system_->template ask<R>(address_, std::forward<M>(message), timeout, std::move(how));
  }

 private:
  template <class M>
  static constexpr void check() {
    static_assert((std::same_as<std::remove_cvref_t<M>, Messages> || ...),
                  "the agent has no handler for this message");
  }

  agent_system* system_;
  std::string address_;
};

/// An agent type over a described state, with one handler per described message:
///     auto type = mcp::agent<account>("account")
///                     .on([](account& a, const deposit& d) { return a.balance += d.amount; })
///                     .on([](const account& a, const query&, mcp::agent_context& ctx) { ... });
/// A handler is f(State&, const Message&) or f(State&, const Message&, agent_context&); with a
/// const State& it cannot change the state and costs no copy of it. What it returns is the reply.
/// If a message declares `using reply = R`, its handler returns R, or void and calls ctx.reply.
/// Handlers of different agents run at the same time: what they capture must be safe for that.
template <class State, class... Messages>
class agent {
  static_assert(has_codec<State>, "describe the state with MCP_STATE(State, field, ...)");

 public:
  explicit agent(std::string type) requires(sizeof...(Messages) == 0) {
    spec_.type = std::move(type);
    spec_.state = &value_type_of<State>;
  }
  /// For `on`.
  explicit agent(agent_spec spec) : spec_(std::move(spec)) {}

  template <class Handler>
  [[nodiscard]] auto on(Handler handler) const {
    using arguments = typename detail::callable<std::remove_cvref_t<Handler>>::arguments;
    constexpr auto count = std::tuple_size_v<arguments>;
    static_assert(count == 2 || count == 3,
                  "a handler is f(State&, const Message&) or f(State&, const Message&, "
                  "mcp::agent_context&)");
    using input = std::remove_cvref_t<std::tuple_element_t<1, arguments>>;
    static_assert(!(std::same_as<input, Messages> || ...), "the message has a handler already");
    auto next = spec_;
    next.handlers.push_back(erase<input, count>(std::move(handler)));
    return agent<State, Messages..., input>{std::move(next)};
  }
  [[nodiscard]] agent options(agent_options chosen) const {
    auto next = spec_;
    next.options = chosen;
    return agent{std::move(next)};
  }
  /// The state of a new agent, from its key.
  template <class Initial>
  [[nodiscard]] agent initial(Initial make) const {
    auto next = spec_;
    next.initial = [make = std::move(make)](std::string_view key) {
      return value{State(make(key))};
    };
    return agent{std::move(next)};
  }

  [[nodiscard]] const agent_spec& spec() const noexcept { return spec_; }
  // NOLINTNEXTLINE(google-explicit-constructor): a list of types is a list of specs
  operator agent_spec() const { return spec_; }
  /// The address of one agent of this type.
  [[nodiscard]] agent_ref<Messages...> at(agent_system& system, std::string_view key) const {
    return {system, spec_.type + "/" + std::string{key}};
  }

 private:
  template <class M, std::size_t Count, class Handler>
  static agent_handler erase(Handler handler) {
    using traits = detail::callable<std::remove_cvref_t<Handler>>;
    using result = std::remove_cvref_t<typename traits::result>;
    using first = std::tuple_element_t<0, typename traits::arguments>;
    using declared = typename detail::reply_of<M>::type;
    static_assert(std::same_as<std::remove_cvref_t<first>, State>,
                  "a handler takes the State of its agent first");
    static_assert(has_codec<M>, "a message is described with MCP_STRUCT, or a simple type");
    static_assert(
        std::is_void_v<result> || std::is_void_v<declared> || std::same_as<result, declared>,
        "a handler returns what its message declares as reply");
    agent_handler made;
    made.name = std::string{detail::alternative_name<M>()};
    made.message = &value_type_of<M>;
    made.reads_only =
        !std::is_reference_v<first> || std::is_const_v<std::remove_reference_t<first>>;
    if constexpr (!std::is_void_v<result>) {
      static_assert(has_codec<result>, "a reply is a described or a simple type");
      made.reply = &value_type_of<result>;
    } else if constexpr (!std::is_void_v<declared>) {
      made.reply = &value_type_of<declared>;
    }
    made.run = [handler = std::move(handler)](void* object, const void* content,
                                              agent_context& ctx) -> value {
      auto& state = *static_cast<State*>(object);
      const auto& message = *static_cast<const M*>(content);
      const auto call = [&]() -> decltype(auto) {
        if constexpr (Count == 3) {
          return handler(state, message, ctx);
        } else {
          static_cast<void>(ctx);
          return handler(state, message);
        }
      };
      if constexpr (std::is_void_v<result>) {
        call();
        return {};
      } else {
        return value{result(call())};
      }
    };
    return made;
  }

  agent_spec spec_;
};

}  // namespace mcp
