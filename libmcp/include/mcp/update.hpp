#pragma once

#include "mcp/policy.hpp"
#include "mcp/state_type.hpp"

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mcp {

/// Name of the virtual node where a run ends.
inline constexpr const char* end = "__end__";
/// Name of the virtual node where a run starts.
inline constexpr const char* start = "__start__";

/// What a node changes: some fields, each through its reducer. A value type.
///     return mcp::update<State>{}.set(&State::answer, "42").append(&State::log, "answered");
template <class State>
class update {
 public:
  using state = State;

  /// Writes `content` through the field's reducer.
  template <class T>
  update& set(T State::*field, std::type_identity_t<T> content) & {
    return add(field, write_mode::reduce, std::move(content));
  }
  template <class T>
  update&& set(T State::*field, std::type_identity_t<T> content) && {
    return std::move(set(field, std::move(content)));
  }
  /// Writes one element to a field that is a vector, through its reducer.
  template <class T>
  update& append(std::vector<T> State::*field, std::type_identity_t<T> element) & {
    std::vector<T> one;
    one.push_back(std::move(element));
    return add(field, write_mode::reduce, std::move(one));
  }
  template <class T>
  update&& append(std::vector<T> State::*field, std::type_identity_t<T> element) && {
    return std::move(append(field, std::move(element)));
  }
  /// Replaces the field, by-passing its reducer. At most one overwrite of a field counts per
  /// superstep; ordinary writes beside it are ignored.
  template <class T>
  update& overwrite(T State::*field, std::type_identity_t<T> content) & {
    return add(field, write_mode::overwrite, std::move(content));
  }
  template <class T>
  update&& overwrite(T State::*field, std::type_identity_t<T> content) && {
    return std::move(overwrite(field, std::move(content)));
  }

  [[nodiscard]] bool empty() const noexcept { return writes_.empty(); }
  [[nodiscard]] const state_type* type() const { return &state_type_of<State>::get(); }
  /// The erased writes, in the order they were made.
  [[nodiscard]] const std::vector<channel_write>& writes() const noexcept { return writes_; }
  [[nodiscard]] std::vector<channel_write> take() && noexcept { return std::move(writes_); }

 private:
  template <class T>
  update& add(T State::*field, write_mode mode, T content) {
    writes_.push_back({detail::channel_index(field), mode, value{std::move(content)}});
    return *this;
  }

  std::vector<channel_write> writes_;
};

/// Starts `node` in the next superstep with an input of its own, a value with a codec.
class send {
 public:
  template <class Input>
  send(std::string node, Input input) : node_(std::move(node)), input_(std::move(input)) {}
  /// For the engine: an input that is erased already.
  send(std::string node, value input) : node_(std::move(node)), input_(std::move(input)) {}

  /// Limits of this task alone, in place of its node's.
  send& timeout(timeout_policy limits) & {
    timeout_ = limits;
    return *this;
  }
  send&& timeout(timeout_policy limits) && { return std::move(timeout(limits)); }

  [[nodiscard]] const std::string& node() const noexcept { return node_; }
  [[nodiscard]] const value& input() const noexcept { return input_; }
  [[nodiscard]] value& input() noexcept { return input_; }
  [[nodiscard]] const std::optional<timeout_policy>& timeout() const noexcept { return timeout_; }

 private:
  std::string node_;
  value input_;
  std::optional<timeout_policy> timeout_;
};

/// Where to go next: any number of nodes, `mcp::end`, and sends.
class routes {
 public:
  using target = std::variant<std::string, send>;

  routes() = default;
  routes(const char* node) : targets_{std::string{node}} {}
  routes(std::string node) { targets_.emplace_back(std::move(node)); }
  routes(send one) { targets_.emplace_back(std::move(one)); }
  routes(std::vector<std::string> nodes) {
    for (auto& node : nodes) targets_.emplace_back(std::move(node));
  }
  routes(std::vector<send> sends) {
    for (auto& one : sends) targets_.emplace_back(std::move(one));
  }
  routes(std::initializer_list<target> targets) : targets_(targets) {}

  routes& add(target one) {
    targets_.push_back(std::move(one));
    return *this;
  }
  [[nodiscard]] const std::vector<target>& targets() const noexcept { return targets_; }
  [[nodiscard]] std::vector<target> take() && noexcept { return std::move(targets_); }

 private:
  std::vector<target> targets_;
};

/// An update together with where to go. The node's plain edges are followed as well.
///     return mcp::command<State>{update}.go_to("review");
/// A node of a subgraph may return the command of a state other than its own, or `to_parent()`: the
/// subgraph then ends and the command is applied in the enclosing graph.
template <class State>
class command {
 public:
  using state = State;

  command() = default;
  command(update<State> change) : change_(std::move(change)) {}

  command& go_to(routes where) & {
    for (auto& one : std::move(where).take()) where_.add(std::move(one));
    return *this;
  }
  command&& go_to(routes where) && { return std::move(go_to(std::move(where))); }
  command& to_parent() & {
    parent_ = true;
    return *this;
  }
  command&& to_parent() && { return std::move(to_parent()); }

  [[nodiscard]] const update<State>& change() const noexcept { return change_; }
  [[nodiscard]] update<State> take_change() && noexcept { return std::move(change_); }
  [[nodiscard]] const routes& where() const noexcept { return where_; }
  [[nodiscard]] routes take_where() && noexcept { return std::move(where_); }
  [[nodiscard]] bool is_for_parent() const noexcept { return parent_; }

 private:
  update<State> change_;
  routes where_;
  bool parent_ = false;
};

/// A command for the graph around the one whose node returned it.
struct parent_command {
  const state_type* type = nullptr;  ///< of the writes; may be null when there are none
  std::vector<channel_write> writes{};
  std::vector<routes::target> go_to{};
};

/// What a node produced, erased: writes, where to go, and a command for the enclosing graph.
struct node_result {
  std::vector<channel_write> writes{};
  std::vector<routes::target> go_to{};
  std::optional<parent_command> parent{};
  /// Of the writes, when it was made at run time; null: the graph's.
  std::shared_ptr<const state_type> type{};
};

}  // namespace mcp
