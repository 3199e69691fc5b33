#include "system/graph_maker.hpp"

namespace mcp::cluster {

std::string graph_maker::node_name(const placed_name& name, bool may_start, bool may_end) {
  if (may_start && name.name == "start") return start;
  if (may_end && name.name == "END") return end;
  if (what_.find(name.name) != nullptr) return name.name;
  auto known = what_.node_names();
  if (may_start) known.emplace_back("start");
  if (may_end) known.emplace_back("END");
  problems_.error(name.at, "there is no node \"" + name.name + "\"" + nearest(name.name, known),
                  may_end ? "name a node of the graph, or END" : "name a node of the graph");
  return name.name;
}

std::vector<std::string> graph_maker::targets(const std::vector<placed_name>& names) {
  std::vector<std::string> result;
  for (const auto& name : names) result.push_back(node_name(name, false, true));
  return result;
}

void graph_maker::add_edges() {
  for (const auto& edge : what_.edges) {
    auto source = node_name(edge.source, true, false);
    builder_.edges.push_back({std::move(source), node_name(edge.target, false, true)});
  }
  for (const auto& join : what_.joins) {
    std::vector<std::string> sources;
    for (const auto& source : join.sources) sources.push_back(node_name(source, false, false));
    builder_.joins.push_back({std::move(sources), node_name(join.target, false, true)});
  }
  for (const auto& router : what_.routers) {
    auto source = node_name(router.source, true, false);
    auto destinations = targets(router.destinations);
    auto decide = within(lua_router(router.script, around_.limits, inputs_), destinations);
    builder_.routers.push_back({std::move(source), std::move(decide), std::move(destinations)});
  }
  for (const auto& edge : what_.tools_edges) add_tools_edge(edge);
  if (!what_.edge_map) return;
  builder_.edge_map_destinations = targets(what_.edge_map->destinations);
  builder_.edge_map = within(lua_router(what_.edge_map->script, around_.limits, inputs_),
                             builder_.edge_map_destinations);
}

void graph_maker::add_tools_edge(const tools_edge_description& edge) {
  auto source = node_name(edge.source, true, false);
  auto tools = node_name(edge.tools, false, false);
  auto otherwise = node_name(edge.otherwise, false, true);
  const auto* node = what_.find(edge.tools.name);
  if (node == nullptr) return;
  const auto* runs = std::get_if<tools_node_description>(&node->what);
  if (runs == nullptr) {
    problems_.error(edge.tools.at, "the node \"" + edge.tools.name + "\" does not run tools",
                    "name a node with `run_tools`");
    return;
  }
  std::vector<std::string> destinations{tools, otherwise};
  builder_.routers.push_back(
      {std::move(source), tools_router(runs->messages.name, std::move(tools), std::move(otherwise)),
       std::move(destinations)});
}

void graph_maker::report_graph_problems() {
  for (const auto& found : mcp::check(builder_)) {
    const auto at = position_of(found.place);
    auto text = found.message;
    if (!found.place.empty()) text = found.place + ": " + text;
    if (found.severity == graph_problem::level::error) {
      problems_.error(at, std::move(text), found.advice);
    } else {
      problems_.warning(at, std::move(text), found.advice);
    }
  }
}

file_position graph_maker::position_of(const std::string& place) const {
  if (const auto* node = what_.find(place)) return node->at;
  const auto split = place.find(" -> ");
  if (split == std::string::npos) return what_.at;
  const auto source = place.substr(0, split);
  const auto target = place.substr(split + 4);
  for (const auto& edge : what_.edges) {
    const auto from = edge.source.name == "start" ? std::string{start} : edge.source.name;
    const auto to = edge.target.name == "END" ? std::string{end} : edge.target.name;
    if (from == source && to == target) return edge.source.at;
  }
  if (const auto* node = what_.find(source)) return node->at;
  return what_.at;
}

}  // namespace mcp::cluster
