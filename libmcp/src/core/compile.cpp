#include "core/graph_check.hpp"
#include "core/graph_plan.hpp"

#include <algorithm>
#include <iterator>

namespace mcp {
namespace {

bool has_errors(const std::vector<graph_problem>& problems) {
  return !problems.empty() && problems.front().severity == graph_problem::level::error;
}

template <class T>
void inherit(std::optional<T>& option, const std::optional<T>& from) {
  if (!option) option = from;
}

void complete(node_options& options, const node_options& defaults) {
  inherit(options.retry, defaults.retry);
  inherit(options.timeout, defaults.timeout);
  inherit(options.breaker, defaults.breaker);
  inherit(options.cache, defaults.cache);
  inherit(options.concurrency, defaults.concurrency);
  inherit(options.fallback, defaults.fallback);
}

void add_nodes(graph_plan& plan, const graph_builder& builder) {
  for (const auto& spec : builder.nodes) {
    auto& node = plan.nodes.emplace_back();
    node.spec = spec;
    complete(node.spec.options, builder.defaults);
    if (spec.kind == node_kind::subgraph) node.spec.options.concurrency.reset();
    if (node.spec.options.fallback == spec.name) node.spec.options.fallback.reset();
    if (node.spec.options.breaker && node.spec.options.breaker->name.empty()) {
      node.spec.options.breaker->name = builder.name + "/" + spec.name;
    }
    node.destinations = spec.options.destinations;
    if (spec.subgraph.plan) plan.depth = std::max(plan.depth, spec.subgraph.plan->depth + 1);
  }
  std::sort(plan.nodes.begin(), plan.nodes.end(),
            [](const auto& a, const auto& b) { return a.spec.name < b.spec.name; });
  plan.build_index();
  for (auto& node : plan.nodes) {
    if (node.spec.options.fallback) node.fallback = plan.find(*node.spec.options.fallback);
  }
}

void add_edges(graph_plan& plan, const graph_builder& builder) {
  std::vector<bool> own(plan.nodes.size());
  for (const auto& edge : builder.edges) {
    const auto target = plan.find(edge.target);
    auto& targets = edge.source == start ? plan.entries : plan.nodes[plan.find(edge.source)].edges;
    if (edge.source != start) own[plan.find(edge.source)] = true;
    if (target != end_index) targets.push_back(target);
  }
  for (const auto& router : builder.routers) {
    if (router.source == start) {
      plan.entry_routers.push_back(router.decide);
      plan.entry_destinations = router.destinations;
      continue;
    }
    auto& node = plan.nodes[plan.find(router.source)];
    own[plan.find(router.source)] = true;
    node.routers.push_back(router.decide);
    node.open_destinations = node.open_destinations || router.destinations.empty();
    node.destinations.insert(node.destinations.end(), router.destinations.begin(),
                             router.destinations.end());
  }
  for (const auto& join : builder.joins) {
    auto& planned = plan.joins.emplace_back();
    planned.target = plan.find(join.target);
    for (const auto& source : join.sources) planned.sources.push_back(plan.find(source));
    std::sort(planned.sources.begin(), planned.sources.end());
    planned.sources.erase(std::unique(planned.sources.begin(), planned.sources.end()),
                          planned.sources.end());
    for (const auto source : planned.sources) {
      own[source] = true;
      plan.nodes[source].joins.push_back(static_cast<std::uint16_t>(plan.joins.size() - 1));
    }
  }
  plan.edge_map = builder.edge_map;
  plan.edge_map_destinations = builder.edge_map_destinations;
  for (std::size_t i = 0; i < own.size(); ++i) {
    plan.nodes[i].follows_edge_map = builder.edge_map && !own[i];
  }
}

std::vector<bool> node_set(const graph_plan& plan, const std::vector<std::string>& names) {
  std::vector<bool> result(names.empty() ? 0 : plan.nodes.size());
  for (const auto& name : names) {
    if (name == "*")
      result.assign(plan.nodes.size(), true);
    else
      result[plan.find(name)] = true;
  }
  return result;
}

}  // namespace

std::string to_text(const std::vector<graph_problem>& problems) {
  std::string text;
  for (const auto& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.severity == graph_problem::level::error ? "error: " : "warning: ";
    if (!problem.place.empty()) text += problem.place + ": ";
    text += problem.message + "; " + problem.advice;
  }
  return text;
}

std::vector<graph_problem> check(const graph_builder& builder) {
  core::problem_list names;
  core::check_nodes(builder, names);
  core::check_edges(builder, names);
  auto problems = std::move(names).take();
  if (builder.nodes.empty()) return problems;
  // Wrong names must not hide what else is wrong.
  core::problem_list paths;
  if (has_errors(problems)) {
    core::check_paths(core::with_known_names(builder), paths);
  } else {
    core::check_paths(builder, paths);
  }
  auto more = std::move(paths).take();
  problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  std::stable_sort(problems.begin(), problems.end(),
                   [](const auto& a, const auto& b) { return a.severity < b.severity; });
  return problems;
}

const state_type& state_of(const graph_plan& plan) noexcept {
  return *plan.state;
}

std::shared_ptr<const graph_plan> compile(const graph_builder& builder) {
  auto problems = check(builder);
  if (has_errors(problems)) {
    throw error{errc::invalid_graph,
                "graph \"" + builder.name + "\" has problems:\n" + to_text(problems)};
  }
  auto plan = std::make_shared<graph_plan>();
  plan->name = builder.name;
  plan->state = builder.state;
  plan->state_owner = builder.state_owner;
  add_nodes(*plan, builder);
  add_edges(*plan, builder);
  plan->interrupt_before = node_set(*plan, builder.interrupt_before);
  plan->interrupt_after = node_set(*plan, builder.interrupt_after);
  plan->warnings = std::move(problems);
  if (plan->depth > max_subgraph_depth) {
    throw error{errc::invalid_graph,
                "subgraphs nested deeper than " + std::to_string(max_subgraph_depth) + " levels"};
  }
  return plan;
}

}  // namespace mcp
