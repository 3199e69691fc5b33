#pragma once

#include "mcp/graph_builder.hpp"

#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mcp {

template <class State>
class graph;

/// A checked graph over `State`. Cheap to copy; immutable; safe from several threads.
template <class State>
class compiled_graph {
 public:
  explicit compiled_graph(std::shared_ptr<const graph_plan> plan) : plan_(std::move(plan)) {}
  [[nodiscard]] const std::shared_ptr<const graph_plan>& plan() const noexcept { return plan_; }
  [[nodiscard]] std::string draw(drawing format, int depth = 0) const {
    return mcp::draw(*plan_, format, depth);
  }

 private:
  std::shared_ptr<const graph_plan> plan_;
};

/// A graph with fields of its own as a node of another graph: how to get in and out.
template <class Parent, class Child>
struct subgraph_node {
  compiled_graph<Child> child;
  std::function<Child(const Parent&)> enter;
  std::function<update<Parent>(const Child& before, const Child& after)> leave;
  bool needs_before = true;  ///< false: `before` is `after`
};

/// `enter` makes the child's input from the parent's state; `leave` makes the parent's update from
/// the child's final state, or from its state after the input and its final one. Started by a
/// send, the child takes the send's input, a `Child`, instead.
template <class Child, class Enter, class Leave>
[[nodiscard]] auto subgraph(const graph<Child>& child, Enter enter, Leave leave) {
  using parent =
      std::remove_cvref_t<std::tuple_element_t<0, typename detail::callable<Enter>::arguments>>;
  if constexpr (std::is_invocable_v<Leave&, const Child&, const Child&>) {
    return subgraph_node<parent, Child>{child.compile(), std::move(enter), std::move(leave)};
  } else {
    return subgraph_node<parent, Child>{
        child.compile(), std::move(enter),
        [leave = std::move(leave)](const Child&, const Child& after) mutable {
          return leave(after);
        },
        false};
  }
}

/// A typed graph: nodes over one `State` and what decides which of them runs next. A builder with
/// value semantics: copying a graph copies it. Names of nodes must not contain '|' or ':'.
template <class State>
class graph {
 public:
  using state = State;

  explicit graph(std::string name) {
    builder_.name = std::move(name);
    builder_.state = &state_type_of<State>::get();
  }
  /// A graph over a state that is made at run time; see <mcp/json.hpp>.
  graph(std::string name, std::shared_ptr<const state_type> type) {
    builder_.name = std::move(name);
    builder_.state = type.get();
    builder_.state_owner = std::move(type);
  }

  /// Adds a node. `function` is one of
  ///     State f(State)                         writes the fields it changed, replacing them
  ///     update<State> f(const State&)          writes what it names, through the reducers
  ///     command<State> f(const State&)         writes and says where to go
  ///     void f(const State&)                   writes nothing
  ///     void f(const State&, reply<State>)     asynchronous: answers later, exactly once
  /// each with a `context&` after the state; an object with such an operator(); or, for the target
  /// of a send, the same with the described type of the send's input in place of the state.
  template <class Function>
  graph& node(std::string name, Function function, node_options options = {}) {
    builder_.nodes.push_back(
        detail::make_node<State>(std::move(name), std::move(function), std::move(options)));
    return *this;
  }
  /// Adds a graph as a node: it shares the fields that have the same name and type in both states.
  template <class Child>
  graph& node(std::string name, const graph<Child>& child, node_options options = {}) {
    auto spec = detail::shared_fields(*builder_.state, child.compile().plan());
    return add_subgraph(std::move(name), std::move(spec), state_type_of<Child>::send_input,
                        std::move(options));
  }
  /// Adds a graph with fields of its own as a node; see `mcp::subgraph`.
  template <class Child>
  graph& node(std::string name, subgraph_node<State, Child> child, node_options options = {}) {
    subgraph_spec spec;
    spec.plan = child.child.plan();
    spec.enter = [enter = std::move(child.enter),
                  &type = state_of(*child.child.plan())](const node_input& in) {
      if (in.input.has_value()) return type.input_writes(in.input);
      const Child input = enter(in.state.template as<State>());
      return detail::given_fields(type, &input);
    };
    spec.needs_before = child.needs_before;
    spec.leave = [leave = std::move(child.leave)](const void* before, const void* after) {
      const auto* entered = static_cast<const Child*>(before != nullptr ? before : after);
      return node_result{.writes = leave(*entered, *static_cast<const Child*>(after)).take()};
    };
    return add_subgraph(std::move(name), std::move(spec), state_type_of<Child>::send_input,
                        std::move(options));
  }

  /// After `source` always `target`. Several edges from one node run their targets side by side;
  /// several edges into one node do not wait for each other (see `join`).
  graph& edge(std::string source, std::string target) {
    builder_.edges.push_back({std::move(source), std::move(target)});
    return *this;
  }
  /// `target` runs once all `sources` have run.
  graph& join(std::vector<std::string> sources, std::string target) {
    builder_.joins.push_back({std::move(sources), std::move(target)});
    return *this;
  }
  /// After `source` wherever `decide(const State&)` says: a name, several, sends, a mixture,
  /// mcp::end. It sees the source's own writes, not those of its siblings. `destinations` are
  /// checked and drawn.
  template <class Router>
  graph& router(std::string source, Router decide, std::vector<std::string> destinations = {}) {
    builder_.routers.push_back(
        {std::move(source), erase_router(std::move(decide)), std::move(destinations)});
    return *this;
  }
  /// The edge map of the whole graph: decides, once per superstep and on the state after it, what
  /// follows the nodes that have no edges of their own.
  template <class EdgeMap>
  graph& edges(EdgeMap decide, std::vector<std::string> destinations = {}) {
    builder_.edge_map = erase_router(std::move(decide));
    builder_.edge_map_destinations = std::move(destinations);
    return *this;
  }
  graph& entry_point(std::string name) { return edge(start, std::move(name)); }
  graph& finish_point(std::string name) { return edge(std::move(name), end); }
  /// Adds `names` as a chain of edges.
  graph& sequence(const std::vector<std::string>& names) {
    for (std::size_t i = 1; i < names.size(); ++i) edge(names[i - 1], names[i]);
    return *this;
  }
  /// Options for nodes that do not set their own; subgraphs have their own defaults.
  graph& defaults(node_options options) {
    builder_.defaults = std::move(options);
    return *this;
  }
  /// Stops the run before (after) any of these nodes; "*" means every node. Needs a store.
  graph& interrupt_before(std::vector<std::string> names) {
    builder_.interrupt_before = std::move(names);
    return *this;
  }
  graph& interrupt_after(std::vector<std::string> names) {
    builder_.interrupt_after = std::move(names);
    return *this;
  }

  [[nodiscard]] const std::string& name() const noexcept { return builder_.name; }
  [[nodiscard]] const graph_builder& builder() const noexcept { return builder_; }
  /// All problems, errors first; does not throw.
  [[nodiscard]] std::vector<graph_problem> check() const { return mcp::check(builder_); }
  /// Throws `invalid_graph` with all problems, each with what to do.
  [[nodiscard]] compiled_graph<State> compile() const {
    return compiled_graph<State>{mcp::compile(builder_)};
  }
  [[nodiscard]] std::string draw(drawing format, int depth = 0) const {
    return mcp::draw(builder_, format, depth);
  }

 private:
  template <class Router>
  static router_function erase_router(Router decide) {
    constexpr bool shareable = std::is_invocable_v<const Router&, const State&>;
    static_assert(
        shareable,
        "a router takes const State& and may be asked by several runs at the same time: its "
        "operator() is const, and a lambda not mutable");
    static_assert(std::is_copy_constructible_v<Router>,
                  "a graph is copied with its routers: hold what cannot be copied in a "
                  "std::shared_ptr");
    if constexpr (shareable && std::is_copy_constructible_v<Router>) {
      static_assert(
          std::is_constructible_v<routes, std::invoke_result_t<const Router&, const State&>>,
          "a router returns the name of a node, several, an mcp::send, several, or "
          "mcp::routes");
    }
    return [decide = std::move(decide)](const void* s) {
      return routes(decide(*static_cast<const State*>(s)));
    };
  }
  graph& add_subgraph(std::string name, subgraph_spec subgraph, const value_type* input,
                      node_options options) {
    node_spec spec;
    spec.name = std::move(name);
    spec.kind = node_kind::subgraph;
    spec.input = input;
    spec.subgraph = std::move(subgraph);
    spec.options = std::move(options);
    builder_.nodes.push_back(std::move(spec));
    return *this;
  }

  graph_builder builder_;
};

}  // namespace mcp
