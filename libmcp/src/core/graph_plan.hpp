#pragma once

#include "mcp/graph_builder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mcp {

/// Index of a node in its plan. Nodes are sorted by name, so the order of indices is the order of
/// names.
using node_index = std::uint16_t;
inline constexpr node_index end_index = 0xffff;
inline constexpr node_index start_index = 0xfffe;
/// Most nodes of one graph.
inline constexpr std::size_t max_nodes = 10'000;
/// Deepest nesting of subgraphs.
inline constexpr int max_subgraph_depth = 32;

/// A node with everything that follows from it.
struct planned_node {
  node_spec spec{};                    ///< options completed by the graph's defaults
  std::vector<node_index> edges{};     ///< plain targets; without the end
  std::vector<std::uint16_t> joins{};  ///< joins it is a source of
  std::vector<router_function> routers{};
  std::vector<std::string> destinations{};  ///< known targets of routers and commands
  bool open_destinations = false;           ///< a router may go anywhere
  bool follows_edge_map = false;            ///< has nothing of its own: the edge map decides
  std::optional<node_index> fallback{};
};

struct planned_join {
  std::vector<node_index> sources{};  ///< sorted, at most 64
  node_index target = 0;
};

class graph_plan {
 public:
  std::string name{};
  const state_type* state = nullptr;
  std::shared_ptr<const state_type> state_owner{};  ///< of a state that is made at run time
  std::vector<planned_node> nodes{};
  std::vector<planned_join> joins{};
  std::vector<node_index> entries{};
  std::vector<router_function> entry_routers{};
  std::vector<std::string> entry_destinations{};
  router_function edge_map{};
  std::vector<std::string> edge_map_destinations{};
  std::vector<bool> interrupt_before{};  ///< by node
  std::vector<bool> interrupt_after{};
  std::vector<graph_problem> warnings{};
  int depth = 1;  ///< levels of graphs, this one included

  /// The node's index, or `end_index` when there is none of that name.
  [[nodiscard]] node_index find(std::string_view node) const {
    const auto found = index_.find(node);
    return found == index_.end() ? end_index : found->second;
  }
  [[nodiscard]] const std::string& name_of(node_index node) const { return nodes[node].spec.name; }
  void build_index() {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      index_.emplace(nodes[i].spec.name, static_cast<node_index>(i));
    }
  }

 private:
  std::unordered_map<std::string_view, node_index> index_{};
};

}  // namespace mcp
