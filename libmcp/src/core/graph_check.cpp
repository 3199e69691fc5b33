#include "core/graph_check.hpp"

#include "core/graph_plan.hpp"

#include <algorithm>
#include <set>

namespace mcp::core {
namespace {

std::vector<std::string_view> known_names(const graph_builder& graph) {
  std::vector<std::string_view> names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  return names;
}

bool is_known(const graph_builder& graph, std::string_view name) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](const node_spec& node) { return node.name == name; });
}

/// Reports `name` unless it is a node; `place` says where it stands.
void need_node(const graph_builder& graph, const std::string& name, const std::string& place,
               problem_list& problems) {
  if (is_known(graph, name)) return;
  problems.error(place,
                 "unknown node \"" + name + "\"" + detail::suggestion(name, known_names(graph)),
                 "add the node, or correct the name");
}

void check_name(const node_spec& node, problem_list& problems) {
  const auto& name = node.name;
  if (name.empty()) problems.error("", "a node without a name", "give every node a name");
  if (name == end || name == start) {
    problems.error(name, "the name is reserved", "choose another name");
  }
  if (name.find_first_of("|:") != std::string::npos) {
    problems.error(name, "'|' and ':' are reserved characters", "choose a name without them");
  }
  if (name.size() > 200) problems.error(name, "the name is longer than 200 bytes", "shorten it");
}

void check_options(const graph_builder& graph, const node_spec& node, problem_list& problems) {
  const auto& options = node.options;
  const auto bad = [&](const char* message, const char* advice) {
    problems.error(node.name, message, advice);
  };
  if (const auto& retry = options.retry) {
    if (retry->max_attempts < 1 || retry->max_attempts > 1000) {
      bad("retry_policy::max_attempts is not within 1 and 1,000", "count the first attempt too");
    }
    if (retry->backoff_factor < 1.0)
      bad("retry_policy::backoff_factor is below 1", "use 1 or more");
    if (retry->initial_interval.count() < 0 || retry->max_interval.count() < 0) {
      bad("an interval of the retry policy is negative", "use 0 or more");
    }
    if (!retry->retry_on) bad("retry_policy::retry_on is empty", "use mcp::default_retry_on");
  }
  if (const auto& timeout = options.timeout) {
    if (timeout->run.count() < 0 || timeout->idle.count() < 0) {
      bad("a timeout is negative", "use 0 for no limit");
    }
  }
  if (const auto& breaker = options.breaker) {
    if (breaker->failure_threshold < 1 || breaker->probes < 1) {
      bad("breaker_policy: failure_threshold and probes are at least 1", "raise them");
    }
  }
  if (options.cache && options.cache->max_entries == 0) {
    bad("cache_policy::max_entries is 0", "use at least 1, or no cache");
  }
  if (node.kind == node_kind::subgraph && options.concurrency) {
    bad("a subgraph cannot have a concurrency limit", "limit the nodes inside it");
  }
  for (const auto& field : options.writes) {
    if (graph.state == nullptr || graph.state->find(field) >= 0) continue;
    std::vector<std::string_view> fields;
    for (std::size_t i = 0; i < graph.state->channel_count(); ++i) {
      fields.push_back(graph.state->at(i).name());
    }
    problems.error(
        node.name,
        "it writes the unknown field \"" + field + "\"" + detail::suggestion(field, fields),
        "name a field of the state");
  }
  if (options.blocking && node.kind != node_kind::plain && node.kind != node_kind::blocking) {
    bad("only a plain function can be blocking", "leave out the option");
  }
  if (!options.fallback) return;
  need_node(graph, *options.fallback, node.name + " (fallback)", problems);
  if (*options.fallback == node.name) {
    bad("the node is its own fallback", "name another node, or add a retry policy");
  }
  for (const auto& other : graph.nodes) {
    if (other.name != *options.fallback || other.input == nullptr) continue;
    if (node.input != nullptr && node.input->same(*other.input)) continue;
    if (other.kind == node_kind::subgraph && node.input == nullptr) continue;
    bad("the fallback takes the input of a send, which this node does not have",
        "let it take the state, or the same input");
  }
}

void check_routers(const graph_builder& graph, problem_list& problems) {
  for (const auto& router : graph.routers) {
    if (router.source == end) {
      problems.error("router", "the end cannot have a router", "give the router to a node");
    } else if (router.source != start) {
      need_node(graph, router.source, "router of " + router.source, problems);
    }
    for (const auto& target : router.destinations) {
      if (target != end) need_node(graph, target, "router of " + router.source, problems);
    }
  }
  for (const auto& target : graph.edge_map_destinations) {
    if (target != end) need_node(graph, target, "edge map", problems);
  }
}

void check_joins(const graph_builder& graph, problem_list& problems) {
  for (const auto& join : graph.joins) {
    const auto place = "join -> " + join.target;
    if (join.sources.empty()) problems.error(place, "no sources", "name at least one node");
    if (join.sources.size() > 64)
      problems.error(place, "more than 64 sources", "join in two stages");
    for (const auto& source : join.sources) need_node(graph, source, place, problems);
    need_node(graph, join.target, place, problems);
  }
}

}  // namespace

std::vector<graph_problem> problem_list::take() && {
  std::stable_sort(
      items_.begin(), items_.end(),
      [](const graph_problem& a, const graph_problem& b) { return a.severity < b.severity; });
  return std::move(items_);
}

void check_nodes(const graph_builder& graph, problem_list& problems) {
  if (graph.name.empty()) problems.error("", "the graph has no name", "give it one");
  if (graph.nodes.empty()) problems.error("", "the graph has no nodes", "add a node");
  if (graph.nodes.size() > max_nodes) {
    problems.error("", "more than " + std::to_string(max_nodes) + " nodes", "use subgraphs");
  }
  check_options(graph, {.name = "defaults of the graph", .options = graph.defaults}, problems);
  std::set<std::string_view> seen;
  for (const auto& node : graph.nodes) {
    check_name(node, problems);
    check_options(graph, node, problems);
    if (!seen.insert(node.name).second) {
      problems.error(node.name, "the node is there already", "give it another name");
    }
    for (const auto& target : node.options.destinations) {
      if (target != end) need_node(graph, target, node.name + " (destinations)", problems);
    }
  }
  for (const auto* list : {&graph.interrupt_before, &graph.interrupt_after}) {
    for (const auto& name : *list) {
      if (name != "*") need_node(graph, name, "interrupt", problems);
    }
  }
}

void check_edges(const graph_builder& graph, problem_list& problems) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& edge : graph.edges) {
    const auto place = edge.source + " -> " + edge.target;
    if (edge.source == end) problems.error(place, "an edge from the end", "turn the edge round");
    if (edge.target == start) problems.error(place, "an edge to the start", "turn the edge round");
    if (edge.source != start && edge.source != end) need_node(graph, edge.source, place, problems);
    if (edge.target != end && edge.target != start) need_node(graph, edge.target, place, problems);
    if (!seen.insert({edge.source, edge.target}).second) {
      problems.warning(place, "the edge is there twice", "remove one");
    }
  }
  check_routers(graph, problems);
  check_joins(graph, problems);
}

graph_builder with_known_names(graph_builder graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  const std::vector<std::string_view> known{names.begin(), names.end()};
  // False: there is nothing like it.
  const auto mend = [&](std::string& name) {
    if (name == start || name == end || is_known(graph, name)) return true;
    name = std::string{detail::nearest(name, known)};
    return !name.empty();
  };
  const auto mend_all = [&](std::vector<std::string>& list) {
    std::erase_if(list, [&](std::string& name) { return !mend(name); });
  };
  // A target that is nothing like a node might have been any: the way is not counted as lost.
  for (auto& edge : graph.edges) {
    if (!mend(edge.target)) edge.target = end;
  }
  std::erase_if(graph.edges, [&](auto& edge) { return !mend(edge.source); });
  for (auto& router : graph.routers) mend_all(router.destinations);
  std::erase_if(graph.routers, [&](auto& router) { return !mend(router.source); });
  for (auto& join : graph.joins) mend_all(join.sources);
  std::erase_if(graph.joins,
                [&](auto& join) { return !mend(join.target) || join.sources.empty(); });
  mend_all(graph.edge_map_destinations);
  for (auto& node : graph.nodes) {
    mend_all(node.options.destinations);
    if (node.options.fallback && !mend(*node.options.fallback)) node.options.fallback.reset();
  }
  if (graph.defaults.fallback && !mend(*graph.defaults.fallback)) graph.defaults.fallback.reset();
  return graph;
}

}  // namespace mcp::core
