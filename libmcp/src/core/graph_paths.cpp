#include "core/graph_check.hpp"
#include "core/graph_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mcp::core {
namespace {

/// What may follow what, as far as the graph's text tells.
class path_map {
 public:
  explicit path_map(const graph_builder& graph) : graph_(graph) {
    for (const auto& edge : graph.edges) add(edge.source, edge.target);
    for (const auto& join : graph.joins) {
      for (const auto& source : join.sources) add(source, join.target);
    }
    for (const auto& router : graph.routers) {
      if (router.destinations.empty()) open_.insert(router.source);
      for (const auto& target : router.destinations) add(router.source, target);
    }
    for (const auto& node : graph.nodes) {
      for (const auto& target : node.options.destinations) add(node.name, target);
      const auto& fallback =
          node.options.fallback ? node.options.fallback : graph.defaults.fallback;
      if (fallback) fallbacks_[node.name] = *fallback;
    }
    for (const auto& node : graph.nodes) add_edge_map(node.name);
  }

  /// Nodes reachable from `from`; everything when an open router is on the way.
  [[nodiscard]] std::set<std::string> reachable(const std::string& from) const {
    std::set<std::string> seen{from};
    std::vector<std::string> work{from};
    while (!work.empty()) {
      const auto node = std::move(work.back());
      work.pop_back();
      const auto visit = [&](const std::string& next) {
        if (seen.insert(next).second) work.push_back(next);
      };
      if (open_.contains(node)) {
        for (const auto& other : graph_.nodes) visit(other.name);
        visit(end);
      }
      if (const auto found = next_.find(node); found != next_.end()) {
        for (const auto& next : found->second) visit(next);
      }
      if (const auto found = fallbacks_.find(node); found != fallbacks_.end()) {
        visit(found->second);
      }
    }
    return seen;
  }
  /// Nodes from which the end can be reached. A node that nothing follows ends its branch, and an
  /// open router may go to the end.
  [[nodiscard]] std::set<std::string> leading_out() const {
    std::map<std::string, std::vector<std::string>> before;
    for (const auto& [source, targets] : next_) {
      for (const auto& target : targets) before[target].push_back(source);
    }
    std::vector<std::string> work{end};
    for (const auto& node : graph_.nodes) {
      if (!next_.contains(node.name) || open_.contains(node.name)) work.push_back(node.name);
    }
    std::set<std::string> seen{work.begin(), work.end()};
    while (!work.empty()) {
      const auto node = std::move(work.back());
      work.pop_back();
      for (const auto& source : before[node]) {
        if (seen.insert(source).second) work.push_back(source);
      }
    }
    return seen;
  }

 private:
  void add(const std::string& source, const std::string& target) { next_[source].insert(target); }
  void add_edge_map(const std::string& node) {
    if (!graph_.edge_map || has_own(node)) return;
    if (graph_.edge_map_destinations.empty()) open_.insert(node);
    for (const auto& target : graph_.edge_map_destinations) add(node, target);
  }
  [[nodiscard]] bool has_own(const std::string& node) const {
    const auto from = [&](const auto& item) { return item.source == node; };
    return std::any_of(graph_.edges.begin(), graph_.edges.end(), from) ||
           std::any_of(graph_.routers.begin(), graph_.routers.end(), from) ||
           std::any_of(graph_.joins.begin(), graph_.joins.end(), [&](const auto& join) {
             return std::count(join.sources.begin(), join.sources.end(), node) > 0;
           });
  }

  const graph_builder& graph_;
  std::map<std::string, std::set<std::string>> next_;
  std::set<std::string> open_;
  std::map<std::string, std::string> fallbacks_;  ///< they run in place of the node, not after it
};

void check_entry(const graph_builder& graph, problem_list& problems) {
  const auto starts = [](const auto& item) { return item.source == start; };
  if (std::none_of(graph.edges.begin(), graph.edges.end(), starts) &&
      std::none_of(graph.routers.begin(), graph.routers.end(), starts)) {
    problems.error("", "the graph has no entry point", "call entry_point(\"...\")");
  }
}

void check_reachable(const graph_builder& graph, const path_map& paths, problem_list& problems) {
  const auto reached = paths.reachable(start);
  for (const auto& node : graph.nodes) {
    if (!reached.contains(node.name)) {
      problems.error(node.name, "no edge leads to the node",
                     "add an edge, a router's destination or a command's destinations");
    }
  }
}

void check_way_out(const graph_builder& graph, const path_map& paths, problem_list& problems) {
  const auto reached = paths.reachable(start);
  const auto leaving = paths.leading_out();
  for (const auto& node : graph.nodes) {
    if (!reached.contains(node.name) || leaving.contains(node.name)) continue;
    problems.error(node.name, "from here the run can never end",
                   "add an edge to mcp::end, or a router that leaves the cycle");
    return;  // one node of the cycle says it
  }
}

void check_plain_joins(const graph_builder& graph, const path_map& paths, problem_list& problems) {
  std::map<std::string, std::set<std::string>> sources;
  for (const auto& edge : graph.edges) {
    if (edge.target != end) sources[edge.target].insert(edge.source);
  }
  const auto deferred = [&](const std::string& name) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const node_spec& node) {
      return node.name == name && node.options.defer;
    });
  };
  for (const auto& [target, from] : sources) {
    if (from.size() < 2 || deferred(target)) continue;
    const auto after = paths.reachable(target);
    const bool loops = std::any_of(from.begin(), from.end(), [&](const std::string& source) {
      return source == start || after.contains(source);
    });
    if (loops) continue;
    problems.warning(target,
                     std::to_string(from.size()) +
                         " plain edges lead here and do not wait for each "
                         "other: the node runs once per superstep in which one of them ran",
                     "use join({...}, \"" + target + "\") to wait for all, or defer it");
  }
}

void check_sends(const graph_builder& graph, problem_list& problems) {
  for (const auto& node : graph.nodes) {
    if (node.input == nullptr || node.kind == node_kind::subgraph) continue;
    for (const auto& edge : graph.edges) {
      if (edge.target != node.name) continue;
      problems.error(edge.source + " -> " + edge.target,
                     "the node takes the input of a send, an edge brings none",
                     "reach it with mcp::send, or let it take the state");
    }
    for (const auto& join : graph.joins) {
      if (join.target != node.name) continue;
      problems.error("join -> " + join.target,
                     "the node takes the input of a send, a join brings none",
                     "join in a node that takes the state, and send from there");
    }
  }
}

/// Two nodes that a source always starts together, and a field of theirs that takes one writer.
void check_writers(const graph_builder& graph, problem_list& problems) {
  std::map<std::string_view, std::vector<const node_spec*>> started;
  for (const auto& edge : graph.edges) {
    for (const auto& node : graph.nodes) {
      if (node.name != edge.target || node.options.writes.empty()) continue;
      auto& siblings = started[edge.source];
      for (const auto* other : siblings) {
        for (const auto& field : node.options.writes) {
          const auto& theirs = other->options.writes;
          if (std::find(theirs.begin(), theirs.end(), field) == theirs.end()) continue;
          const auto index = graph.state->find(field);
          if (index < 0 || graph.state->at(static_cast<std::size_t>(index)).many_writers())
            continue;
          problems.error(other->name + ", " + node.name,
                         "both follow \"" + edge.source + "\" in one superstep and write \"" +
                             field + "\", which takes one writer",
                         "give the field a reducer, or let one follow the other");
        }
      }
      siblings.push_back(&node);
    }
  }
}

}  // namespace

void check_paths(const graph_builder& graph, problem_list& problems) {
  check_entry(graph, problems);
  const path_map paths{graph};
  check_reachable(graph, paths, problems);
  check_way_out(graph, paths, problems);
  check_plain_joins(graph, paths, problems);
  check_sends(graph, problems);
  check_writers(graph, problems);
}

}  // namespace mcp::core
