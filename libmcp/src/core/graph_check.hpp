#pragma once

#include "mcp/graph_builder.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mcp::core {

/// Collects the problems of a graph.
class problem_list {
 public:
  void error(std::string place, std::string message, std::string advice) {
    items_.push_back(
        {graph_problem::level::error, std::move(place), std::move(message), std::move(advice)});
  }
  void warning(std::string place, std::string message, std::string advice) {
    items_.push_back(
        {graph_problem::level::warning, std::move(place), std::move(message), std::move(advice)});
  }
  /// Errors first, otherwise in the order found.
  [[nodiscard]] std::vector<graph_problem> take() &&;

 private:
  std::vector<graph_problem> items_;
};

/// Names, options, and that every edge joins known nodes.
void check_nodes(const graph_builder& graph, problem_list& problems);
void check_edges(const graph_builder& graph, problem_list& problems);
/// The graph with every name that is not known replaced by the nearest one that is, or left out, so
/// that its paths can be checked beside its names.
[[nodiscard]] graph_builder with_known_names(graph_builder graph);
/// Unreachable nodes, no way to the end, joins and writers that clash. Only for graphs whose names
/// are right.
void check_paths(const graph_builder& graph, problem_list& problems);

}  // namespace mcp::core
