#pragma once

// Second half of <mcp/state_type.hpp>: the erased view of a described struct.

#include "mcp/state_type.hpp"

namespace mcp {
namespace detail {

template <class R>
constexpr bool is_barrier = false;
template <std::size_t N>
constexpr bool is_barrier<barrier_reducer<N>> = true;

template <class R>
constexpr bool is_custom = false;
template <class Function>
constexpr bool is_custom<custom_reducer<Function>> = true;

template <class State, class T, class Reducer>
class typed_channel final : public channel {
 public:
  explicit typed_channel(const field<State, T, Reducer>& f)
      : channel(f.name, value_type_of<T>, f.seen, f.text), member_(f.member), reducer_(f.reducer) {
    many_writers_ = reducer_traits<Reducer>::many_writers;
    ephemeral_ = reducer_traits<Reducer>::ephemeral || is_barrier<Reducer>;
    tracked_ = reducer_traits<Reducer>::tracked;
    by_id_ = std::same_as<Reducer, messages_reducer>;
  }

  using channel::at;
  [[nodiscard]] const void* at(const void* state) const override {
    return &(static_cast<const State*>(state)->*member_);
  }
  void reduce(void* state, mcp::value&& incoming, write_aids aids) const override {
    using mcp::reduce;
    reduce(reducer_, field_of(state), std::move(incoming.template as<T>()), target(aids));
  }
  void assign(void* state, mcp::value&& incoming, write_aids aids) const override {
    if (aids.ids != nullptr) aids.ids->forget();
    field_of(state) = std::move(incoming.template as<T>());
    target(aids).set(field_of(state));
  }
  void expire(void* state, patch_writer* patches) const override {
    auto& current = field_of(state);
    if constexpr (is_barrier<Reducer>) {
      if (current.size() < reducer_.names.size()) return;
    }
    static const State defaults{};
    const T& initial = defaults.*member_;
    if (codec<T>::equal(current, initial)) return;
    current = initial;
    target(patches).set(current);
  }
  [[nodiscard]] mcp::value difference(const void* before, const void* after) const override {
    if constexpr (std::same_as<Reducer, append_reducer>) {
      const T& old = static_cast<const State*>(before)->*member_;
      const T& now = static_cast<const State*>(after)->*member_;
      const bool extended =
          now.size() >= old.size() &&
          std::equal(old.begin(), old.end(), now.begin(), codec<typename T::value_type>::equal);
      if (extended) {
        return mcp::value{T(now.begin() + static_cast<std::ptrdiff_t>(old.size()), now.end())};
      }
    } else if constexpr (std::same_as<Reducer, sum_reducer> && std::integral<T>) {
      T change{};
      if (!__builtin_sub_overflow(static_cast<const State*>(after)->*member_,
                                  static_cast<const State*>(before)->*member_, &change)) {
        return mcp::value{std::move(change)};
      }
    } else if constexpr (std::same_as<Reducer, sum_reducer> && std::is_arithmetic_v<T>) {
      return mcp::value{static_cast<T>(static_cast<const State*>(after)->*member_ -
                                       static_cast<const State*>(before)->*member_)};
    } else if constexpr (reducer_traits<Reducer>::many_writers && !is_custom<Reducer>) {
      return mcp::value{T(static_cast<const State*>(after)->*member_)};
    }
    return {};
  }

 private:
  T& field_of(void* state) const { return static_cast<State*>(state)->*member_; }
  patch_target target(write_aids aids) const {
    return {name(), reducer_traits<Reducer>::tracked ? aids.patches : nullptr, aids.ids};
  }

  T State::*member_;
  Reducer reducer_;
};

template <described State>
constexpr bool fields_can_be_written() {
  bool all = true;
  for_each_field<State>(
      [&all]<class T, class R>(const field<State, T, R>&) { all = all && can_be_written<T>(); });
  return all;
}

template <class State>
class typed_state_type final : public state_type {
 public:
  typed_state_type() : state_type(type_name_of<State>(), typeid(State)) {
    for_each_field<State>([this]<class T, class R>(const field<State, T, R>& f) {
      add(std::make_unique<typed_channel<State, T, R>>(f));
    });
  }
  [[nodiscard]] void* make() const override { return new State{}; }
  [[nodiscard]] void* copy(const void* object) const override {
    return new State(*static_cast<const State*>(object));
  }
  void destroy(void* object) const noexcept override { delete static_cast<State*>(object); }
  [[nodiscard]] const value_type* object() const noexcept override { return &value_type_of<State>; }
};

}  // namespace detail

/// The type of the state `State`; specialise for states that are not described structs.
template <class State>
struct state_type_of {
  static_assert(described<State>, "describe the state with MCP_STATE(State, field, ...)");
  static const state_type& get() {
    if constexpr (detail::fields_can_be_written<State>()) {
      static const detail::typed_state_type<State> type;
      return type;
    }
  }
  static const state_type& of(const State&) { return get(); }
  /// What a send to a subgraph over this state brings.
  static constexpr const value_type* send_input = &value_type_of<State>;
};

namespace detail {

/// Index of the channel for a member of a described state.
template <class State, class T>
[[nodiscard]] std::uint16_t channel_index(T State::*member) {
  std::uint16_t index = 0;
  std::uint16_t found = 0xffff;
  for_each_field<State>([&]<class U, class R>(const field<State, U, R>& f) {
    if constexpr (std::same_as<T, U>) {
      if (f.member == member) found = index;
    }
    ++index;
  });
  if (found == 0xffff) {
    throw error{errc::invalid_argument, "a member of \"" + std::string{type_name_of<State>()} +
                                            "\" that MCP_STATE does not name"};
  }
  return found;
}

}  // namespace detail
}  // namespace mcp
