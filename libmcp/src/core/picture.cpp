#include "core/picture.hpp"

#include "core/graph_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mcp::core {
namespace {

constexpr const char* anywhere = "__anywhere__";

figure figure_of(node_kind kind) {
  switch (kind) {
    case node_kind::blocking:
      return figure::blocking;
    case node_kind::async:
      return figure::async;
    case node_kind::subgraph:
      return figure::subgraph;
    case node_kind::plain:
      break;
  }
  return figure::plain;
}

/// Adds one graph to a picture. Names may be unknown, as graphs can be drawn before their check.
class group_painter {
 public:
  group_painter(picture& out, drawn_group& group, int depth)
      : out_(out), group_(group), depth_(depth) {
    group_.nodes.push_back({.id = id_of(start), .label = "start", .what = figure::start});
  }

  void node(const node_spec& spec, const node_options& defaults, bool before, bool after);
  void edge(const std::string& source, const std::string& target, drawn_edge_kind what);
  void conditional(const std::string& source, const std::vector<std::string>& targets) {
    for (const auto& target : targets) edge(source, target, drawn_edge_kind::conditional);
  }
  /// What a router without known destinations leads to.
  void open(const std::string& source) {
    needs_note_ = true;
    edge(source, anywhere, drawn_edge_kind::conditional);
  }
  [[nodiscard]] bool is_fallback(const std::string& node) const {
    return fallbacks_.contains(node);
  }
  /// Nothing of its own follows `node`. A fallback goes where the node it stands in for goes.
  [[nodiscard]] bool needs_more(const std::string& node) const {
    return !sources_.contains(node) && !is_fallback(node);
  }
  void finish();

 private:
  [[nodiscard]] std::string id_of(const std::string& name) const {
    return group_.id.empty() ? name : group_.id + ":" + name;
  }

  picture& out_;
  drawn_group& group_;
  int depth_;
  bool needs_note_ = false;
  std::set<std::string> opened_{};   ///< nodes drawn as groups
  std::set<std::string> sources_{};  ///< nodes that something follows
  std::set<std::string> fallbacks_{};
  std::set<drawn_edge> seen_{};
};

void paint(picture& out, drawn_group& group, const graph_plan& plan, int depth);

void group_painter::node(const node_spec& spec, const node_options& defaults, bool before,
                         bool after) {
  if (depth_ > 0 && spec.subgraph.plan) {
    opened_.insert(spec.name);
    auto& inner = group_.groups.emplace_back();
    inner.id = id_of(spec.name);
    inner.label = spec.name;
    paint(out_, inner, *spec.subgraph.plan, depth_ - 1);
    return;
  }
  const auto& retry = spec.options.retry ? spec.options.retry : defaults.retry;
  group_.nodes.push_back({.id = id_of(spec.name),
                          .label = spec.name,
                          .what = figure_of(spec.kind),
                          .deferred = spec.options.defer,
                          .attempts = retry ? retry->max_attempts : 0,
                          .breaker = spec.options.breaker || defaults.breaker,
                          .interrupt_before = before,
                          .interrupt_after = after});
}

void group_painter::edge(const std::string& source, const std::string& target,
                         drawn_edge_kind what) {
  (what == drawn_edge_kind::fallback ? fallbacks_ : sources_)
      .insert(what == drawn_edge_kind::fallback ? target : source);
  drawn_edge added{id_of(source), id_of(target), what};
  if (opened_.contains(source)) added.source += std::string{":"} + end;
  if (opened_.contains(target)) added.target += std::string{":"} + start;
  if (seen_.insert(added).second) out_.edges.push_back(std::move(added));
}

void group_painter::finish() {
  if (needs_note_) {
    group_.nodes.push_back({.id = id_of(anywhere), .label = "anywhere", .what = figure::note});
  }
  group_.nodes.push_back({.id = id_of(end), .label = "end", .what = figure::end});
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return one == name || one == "*"; });
}

bool is_set(const std::vector<bool>& nodes, std::size_t node) {
  return node < nodes.size() && nodes[node];
}

/// What the edge map, or nothing at all, does after the nodes that have no edges of their own.
void paint_rest(group_painter& painter, const std::vector<std::string>& nodes, bool has_edge_map,
                const std::vector<std::string>& destinations) {
  for (const auto& node : nodes) {
    if (!has_edge_map) {
      painter.edge(node, end, drawn_edge_kind::plain);
    } else if (destinations.empty()) {
      painter.open(node);
    } else {
      painter.conditional(node, destinations);
    }
  }
}

void paint(picture& out, drawn_group& group, const graph_builder& graph, int depth) {
  group_painter painter{out, group, depth};
  for (const auto& node : graph.nodes) {
    painter.node(node, graph.defaults, is_among(graph.interrupt_before, node.name),
                 is_among(graph.interrupt_after, node.name));
  }
  for (const auto& edge : graph.edges) {
    painter.edge(edge.source, edge.target, drawn_edge_kind::plain);
  }
  for (const auto& join : graph.joins) {
    for (const auto& source : join.sources) {
      painter.edge(source, join.target, drawn_edge_kind::join);
    }
  }
  for (const auto& router : graph.routers) {
    if (router.destinations.empty()) painter.open(router.source);
    painter.conditional(router.source, router.destinations);
  }
  for (const auto& node : graph.nodes) {
    const auto& fallback = node.options.fallback ? node.options.fallback : graph.defaults.fallback;
    if (fallback && *fallback != node.name) {
      painter.edge(node.name, *fallback, drawn_edge_kind::fallback);
    }
  }
  std::vector<std::string> rest;
  for (const auto& node : graph.nodes) {
    // An edge map stands in for edges only; where a command may go comes on top.
    const bool mapped = graph.edge_map && painter.needs_more(node.name);
    painter.conditional(node.name, node.options.destinations);
    if (mapped || (!graph.edge_map && painter.needs_more(node.name))) rest.push_back(node.name);
  }
  paint_rest(painter, rest, static_cast<bool>(graph.edge_map), graph.edge_map_destinations);
  painter.finish();
}

void paint_plan_node(group_painter& painter, const graph_plan& plan, const planned_node& node,
                     std::vector<std::string>& rest) {
  const auto& name = node.spec.name;
  for (const auto target : node.edges) {
    painter.edge(name, plan.name_of(target), drawn_edge_kind::plain);
  }
  for (const auto join : node.joins) {
    painter.edge(name, plan.name_of(plan.joins[join].target), drawn_edge_kind::join);
  }
  if (node.open_destinations) painter.open(name);
  painter.conditional(name, node.destinations);
  if (painter.is_fallback(name)) return;
  if (node.follows_edge_map || (!plan.edge_map && painter.needs_more(name))) rest.push_back(name);
}

void paint(picture& out, drawn_group& group, const graph_plan& plan, int depth) {
  group_painter painter{out, group, depth};
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    painter.node(plan.nodes[i].spec, {}, is_set(plan.interrupt_before, i),
                 is_set(plan.interrupt_after, i));
  }
  for (const auto entry : plan.entries) {
    painter.edge(start, plan.name_of(entry), drawn_edge_kind::plain);
  }
  if (!plan.entry_routers.empty() && plan.entry_destinations.empty()) painter.open(start);
  painter.conditional(start, plan.entry_destinations);
  for (const auto& node : plan.nodes) {
    if (!node.fallback) continue;
    painter.edge(node.spec.name, plan.name_of(*node.fallback), drawn_edge_kind::fallback);
  }
  std::vector<std::string> rest;
  for (const auto& node : plan.nodes) paint_plan_node(painter, plan, node, rest);
  paint_rest(painter, rest, static_cast<bool>(plan.edge_map), plan.edge_map_destinations);
  painter.finish();
}

}  // namespace

std::string_view name(figure what) noexcept {
  switch (what) {
    case figure::start:
      return "start";
    case figure::end:
      return "end";
    case figure::plain:
      return "plain";
    case figure::blocking:
      return "blocking";
    case figure::async:
      return "async";
    case figure::subgraph:
      return "subgraph";
    case figure::note:
      break;
  }
  return "note";
}

picture make_picture(const graph_builder& builder, int depth) {
  picture out;
  out.root.label = builder.name;
  paint(out, out.root, builder, depth);
  return out;
}

picture make_picture(const graph_plan& plan, int depth) {
  picture out;
  out.root.label = plan.name;
  paint(out, out.root, plan, depth);
  return out;
}

}  // namespace mcp::core
