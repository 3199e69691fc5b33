#pragma once

#include "mcp/context.hpp"
#include "mcp/policy.hpp"
#include "mcp/update.hpp"

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace mcp {

class graph_plan;

/// Where the answer of an asynchronous node goes. The engine implements it. Safe from any thread.
class MCP_EXPORT reply_port {
 public:
  reply_port() = default;
  reply_port(const reply_port&) = delete;
  reply_port& operator=(const reply_port&) = delete;
  virtual ~reply_port();
  /// True for the first answer; later ones are dropped.
  virtual bool done(node_result result) = 0;
  virtual bool fail(failure reason) = 0;
  /// Answers that the questions which were asked of the context's port wait for their answers.
  virtual bool interrupt() = 0;
  /// Answers after `delay`, on the executor's timer.
  virtual bool done_after(milliseconds delay, node_result result) = 0;
  [[nodiscard]] virtual mcp::context& context() noexcept = 0;
};

/// The answer an asynchronous node owes: exactly one, from any thread, at any time. Copies share
/// it. When the last copy goes without an answer the task fails with `reply_dropped`; a second
/// answer throws `invalid_argument`.
template <class State>
class reply {
 public:
  explicit reply(std::shared_ptr<reply_port> port) : port_(std::move(port)) {}

  void done(update<State> change) const { once(port_->done(erase(std::move(change)))); }
  void done(command<State> what) const { once(port_->done(erase(std::move(what)))); }
  /// Answers after a delay without holding a thread.
  void done_after(milliseconds delay, update<State> change) const {
    once(port_->done_after(delay, erase(std::move(change))));
  }
  void fail(error reason) const { once(port_->fail({.error = std::move(reason)})); }
  void fail(const std::string& reason) const { fail(error{errc::node_failed, reason}); }
  /// For a node that catches the `interrupt_signal` of a question: the run stops here and waits.
  /// When it is resumed the node starts again from its first line.
  void interrupt() const { once(port_->interrupt()); }
  /// The node's context; one thread at a time.
  [[nodiscard]] mcp::context& context() const noexcept { return port_->context(); }

  [[nodiscard]] static node_result erase(update<State> change) {
    node_result result;
    if constexpr (requires { change.type_owner(); }) result.type = change.type_owner();
    result.writes = std::move(change).take();
    return result;
  }
  [[nodiscard]] static node_result erase(command<State> what) {
    node_result result;
    if (what.is_for_parent()) {
      auto& parent = result.parent.emplace();
      parent.type = what.change().type();
      parent.go_to = std::move(what).take_where().take();
      parent.writes = std::move(what).take_change().take();
    } else {
      auto go_to = std::move(what).take_where().take();
      result = erase(std::move(what).take_change());
      result.go_to = std::move(go_to);
    }
    return result;
  }

 private:
  static void once(bool first) {
    if (!first) throw error{errc::invalid_argument, "a reply object was answered twice"};
  }
  std::shared_ptr<reply_port> port_;
};

/// What a node works on: the state, borrowed for the length of the superstep, and for a send its
/// input.
struct node_input {
  state_pointer state{};
  value input{};  ///< empty unless the task was started by a send
};

/// The key of a cache from what the node works on: its state, or the input of a send.
///     {.cache = mcp::cache_policy{.key = mcp::cache_by<State>([](const State& s) { return s.user;
///     })}}
template <class Input, class Function>
[[nodiscard]] std::function<std::string(const node_input&)> cache_by(Function key) {
  return [key = std::move(key)](const node_input& in) -> std::string {
    if (in.input.has_value() && in.input.type()->same(value_type_of<Input>)) {
      return key(in.input.template as<Input>());
    }
    if constexpr (described<Input>) {
      if (in.state.type().id() == typeid(Input)) return key(in.state.template as<Input>());
    }
    throw error{errc::invalid_argument,
                "the node's cache has a key of another type than its input"};
  };
}

/// A subgraph seen from the graph around it.
struct subgraph_spec {
  std::shared_ptr<const graph_plan> plan{};
  /// The child's input, from the parent's state or the send's input.
  std::function<std::vector<channel_write>(const node_input&)> enter{};
  /// What the child's run changes in the parent: from its state after the input and at its end.
  /// `before` is null unless `needs_before`.
  std::function<node_result(const void* before, const void* after)> leave{};
  bool needs_before = false;
};

/// A node, erased. Immutable once its graph is compiled.
struct node_spec {
  std::string name{};
  node_kind kind = node_kind::plain;
  const value_type* input = nullptr;  ///< null: the state; else what a send must bring
  std::function<node_result(const node_input&, context&)> run{};
  std::function<void(const node_input&, std::shared_ptr<reply_port>)> begin{};  ///< async
  subgraph_spec subgraph{};
  node_options options{};
};

namespace detail {

template <class T>
struct callable : callable<decltype(&T::operator())> {};
template <class R, class... Args>
struct callable<R (*)(Args...)> {
  using result = R;
  using arguments = std::tuple<Args...>;
};
template <class R, class... Args>
struct callable<R(Args...)> : callable<R (*)(Args...)> {};
template <class R, class... Args>
struct callable<R (*)(Args...) noexcept> : callable<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct callable<R (C::*)(Args...)> : callable<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct callable<R (C::*)(Args...) const> : callable<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct callable<R (C::*)(Args...) noexcept> : callable<R (*)(Args...)> {};
template <class R, class C, class... Args>
struct callable<R (C::*)(Args...) const noexcept> : callable<R (*)(Args...)> {};

/// One function, of which the types of the arguments can be read.
template <class T>
concept known_function = std::is_function_v<std::remove_pointer_t<T>> || requires {
  &T::operator();
};
/// Whether it can be called while others call it, which is what const says.
template <class T, class... Args>
constexpr bool is_const_callable(std::tuple<Args...>*) {
  return std::is_invocable_v<const T&, Args...>;
}

template <class T>
constexpr bool is_update = false;
template <class S>
constexpr bool is_update<update<S>> = true;
template <class T>
constexpr bool is_command = false;
template <class S>
constexpr bool is_command<command<S>> = true;
template <class T>
constexpr bool is_reply = false;
template <class S>
constexpr bool is_reply<reply<S>> = true;

/// Writes for the fields in which `after` differs from `before`; they replace the value.
template <class State>
std::vector<channel_write> changed_fields(const State& before, State&& after, write_mode mode) {
  std::vector<channel_write> writes;
  std::uint16_t index = 0;
  for_each_field<State>([&]<class T, class R>(const field<State, T, R>& f) {
    if (!codec<T>::equal(before.*f.member, after.*f.member)) {
      writes.push_back({index, mode, value{std::move(after.*f.member)}});
    }
    ++index;
  });
  return writes;
}

/// The same for a state that has no C++ type.
[[nodiscard]] MCP_EXPORT std::vector<channel_write> changed_channels(const state_pointer& before,
                                                                     const void* after);

/// Throws `code` unless `given`, the type of `what`, is a state of the type `wanted`.
MCP_EXPORT void check_state_type(const state_type* given, const state_type& wanted, errc code,
                                 const char* what);

/// Turns whatever a node returned into a `node_result`.
template <class State, class Result>
node_result erase_result(const state_pointer& before, Result&& result) {
  using type = std::remove_cvref_t<Result>;
  if constexpr (std::same_as<type, State> && described<State>) {
    return {.writes = changed_fields(before.as<State>(), std::move(result), write_mode::overwrite)};
  } else if constexpr (std::same_as<type, State>) {
    check_state_type(result.type().get(), before.type(), errc::invalid_update,
                     "the state that the node returned");
    return {.writes = changed_channels(before, &result)};
  } else if constexpr (is_update<type>) {
    static_assert(std::same_as<typename type::state, State>, "the update is for another state");
    return reply<State>::erase(std::move(result));
  } else if constexpr (is_command<type>) {
    if constexpr (!std::same_as<typename type::state, State>) result.to_parent();
    return reply<typename type::state>::erase(std::move(result));
  } else {
    static_assert(std::same_as<type, State>,
                  "a node returns its State, mcp::update<State>, mcp::command<State> or void");
  }
}

template <class State, class Function, std::size_t... Is>
node_spec make_node_spec(std::string name, Function function, node_options options,
                         std::index_sequence<Is...>) {
  using traits = callable<std::remove_cvref_t<Function>>;
  using arguments = typename traits::arguments;
  using first = std::remove_cvref_t<std::tuple_element_t<0, arguments>>;
  constexpr bool takes_state = std::same_as<first, State>;
  constexpr bool is_async =
      is_reply<std::remove_cvref_t<std::tuple_element_t<sizeof...(Is) - 1, arguments>>>;
  node_spec spec;
  spec.name = std::move(name);
  if constexpr (!takes_state) {
    static_assert(has_codec<first>, "a node takes its State, or the described input of a send");
    spec.input = &value_type_of<first>;
  }
  const auto input_of = [](const node_input& in) -> const first& {
    if constexpr (takes_state) {
      return in.state.as<State>();
    } else {
      return in.input.as<first>();
    }
  };
  if constexpr (is_async) {
    spec.kind = node_kind::async;
    spec.begin = [function = std::move(function), input_of](const node_input& in,
                                                            std::shared_ptr<reply_port> port) {
      auto& ctx = port->context();
      if constexpr (sizeof...(Is) == 3) {
        function(input_of(in), ctx, reply<State>{std::move(port)});
      } else {
        static_cast<void>(ctx);
        function(input_of(in), reply<State>{std::move(port)});
      }
    };
  } else {
    spec.kind = options.blocking ? node_kind::blocking : node_kind::plain;
    spec.run = [function = std::move(function), input_of](const node_input& in, context& ctx) {
      const auto call = [&]() -> decltype(auto) {
        if constexpr (sizeof...(Is) == 2) {
          return function(input_of(in), ctx);
        } else {
          static_cast<void>(ctx);
          return function(input_of(in));
        }
      };
      if constexpr (std::is_void_v<typename traits::result>) {
        call();
        return node_result{};
      } else {
        return erase_result<State>(in.state, call());
      }
    };
  }
  spec.options = std::move(options);
  return spec;
}

/// Erases a node function; see graph::node for the forms.
template <class State, class Function>
node_spec make_node(std::string name, Function function, node_options options) {
  static_assert(!std::is_member_pointer_v<Function>,
                "a node is no member function: give a lambda that calls it");
  static_assert(
      known_function<Function> || std::is_member_pointer_v<Function>,
      "a node is one function whose argument types are written out: no auto, no overloads");
  static_assert(
      std::is_copy_constructible_v<Function>,
      "a graph is copied with its nodes: hold what cannot be copied in a std::shared_ptr");
  if constexpr (known_function<Function> && std::is_copy_constructible_v<Function>) {
    using arguments = typename callable<Function>::arguments;
    constexpr auto count = std::tuple_size_v<arguments>;
    constexpr bool shareable = is_const_callable<Function>(static_cast<arguments*>(nullptr));
    static_assert(
        count >= 1 && count <= 3,
        "a node is f(State), f(State, mcp::context&), f(const State&, mcp::reply<State>) or "
        "f(const State&, mcp::context&, mcp::reply<State>)");
    static_assert(
        shareable,
        "several runs call a node at the same time: its operator() is const, and a lambda "
        "not mutable");
    if constexpr (shareable) {
      return make_node_spec<State>(std::move(name), std::move(function), std::move(options),
                                   std::make_index_sequence<count>{});
    }
  }
}

}  // namespace detail
}  // namespace mcp
