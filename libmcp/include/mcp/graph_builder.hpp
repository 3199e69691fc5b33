#pragma once

#include "mcp/node.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

/// Something `compile` found. Errors stop it, warnings do not.
struct graph_problem {
  enum class level : std::uint8_t { error, warning };
  level severity = level::error;
  std::string place{};    ///< a node, an edge "a -> b", or empty for the whole graph
  std::string message{};  ///< what is wrong
  std::string advice{};   ///< what to do
};

/// One line per problem.
[[nodiscard]] MCP_EXPORT std::string to_text(const std::vector<graph_problem>& problems);

using router_function = std::function<routes(const void* state)>;

/// A graph under construction, erased: what `graph<State>` fills. A value type; not thread-safe.
struct graph_builder {
  struct edge {
    std::string source, target;
  };
  struct router {
    std::string source;
    router_function decide;
    std::vector<std::string> destinations;  ///< empty: not known
  };
  struct join {
    std::vector<std::string> sources;
    std::string target;
  };

  std::string name{};
  const state_type* state = nullptr;
  std::shared_ptr<const state_type> state_owner{};  ///< of a state that is made at run time
  std::vector<node_spec> nodes{};
  std::vector<edge> edges{};
  std::vector<router> routers{};
  std::vector<join> joins{};
  router_function edge_map{};
  std::vector<std::string> edge_map_destinations{};
  node_options defaults{};
  std::vector<std::string> interrupt_before{};  ///< "*": every node
  std::vector<std::string> interrupt_after{};
};

/// A checked graph that can be run. Immutable; safe from several threads.
class graph_plan;

/// All problems of a graph, errors first.
[[nodiscard]] MCP_EXPORT std::vector<graph_problem> check(const graph_builder& builder);
/// Checks and freezes a graph; throws `invalid_graph` with all problems in the message.
[[nodiscard]] MCP_EXPORT std::shared_ptr<const graph_plan> compile(const graph_builder& builder);

/// The state that the graph works on.
[[nodiscard]] MCP_EXPORT const state_type& state_of(const graph_plan& plan) noexcept;

enum class drawing : std::uint8_t { mermaid, dot, json };
/// The graph as a drawing; `depth` levels of subgraphs are drawn inside their nodes.
[[nodiscard]] MCP_EXPORT std::string draw(const graph_builder& builder, drawing format,
                                          int depth = 0);
[[nodiscard]] MCP_EXPORT std::string draw(const graph_plan& plan, drawing format, int depth = 0);

/// JSON Schema of what may be given to a run, and of what it returns.
[[nodiscard]] MCP_EXPORT std::string input_schema(const state_type& type);
[[nodiscard]] MCP_EXPORT std::string output_schema(const state_type& type);
/// The fields of a state that are part of its output, as a JSON object.
[[nodiscard]] MCP_EXPORT std::string output_json(const state_pointer& state);

namespace detail {
/// Enter and leave functions of a subgraph that shares fields with its parent by name and type.
[[nodiscard]] MCP_EXPORT subgraph_spec shared_fields(const state_type& parent,
                                                     std::shared_ptr<const graph_plan> child);
/// Writes for the fields of `object` that differ from a fresh state's; they go through the
/// reducers.
[[nodiscard]] MCP_EXPORT std::vector<channel_write> given_fields(const state_type& type,
                                                                 const void* object);
}  // namespace detail
}  // namespace mcp
