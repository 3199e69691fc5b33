#pragma once

#include "mcp/graph_builder.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What a drawing of a graph shows, whatever its format.
namespace mcp::core {

enum class figure : std::uint8_t { start, end, plain, blocking, async, subgraph, note };

[[nodiscard]] std::string_view name(figure what) noexcept;

struct drawn_node {
  std::string id{};  ///< unique: the names of the nodes around it and its own, joined by ':'
  std::string label{};
  figure what = figure::plain;
  bool deferred = false;
  int attempts = 0;  ///< of a retry policy; 0: it has none
  bool breaker = false;
  bool interrupt_before = false;
  bool interrupt_after = false;
};

enum class drawn_edge_kind : std::uint8_t { plain, join, conditional, fallback };

struct drawn_edge {
  std::string source{};
  std::string target{};
  drawn_edge_kind what = drawn_edge_kind::plain;

  [[nodiscard]] bool conditional() const noexcept {
    return what == drawn_edge_kind::conditional || what == drawn_edge_kind::fallback;
  }
  friend auto operator<=>(const drawn_edge&, const drawn_edge&) = default;
};

/// A graph, or a subgraph drawn inside its node.
struct drawn_group {
  std::string id{};
  std::string label{};
  std::vector<drawn_node> nodes{};
  std::vector<drawn_group> groups{};
};

struct picture {
  drawn_group root{};
  std::vector<drawn_edge> edges{};
};

/// `depth` levels of subgraphs are opened: edges then lead to their start and from their end.
[[nodiscard]] picture make_picture(const graph_builder& builder, int depth);
[[nodiscard]] picture make_picture(const graph_plan& plan, int depth);

}  // namespace mcp::core
