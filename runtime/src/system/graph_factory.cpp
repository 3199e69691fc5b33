#include "system/graph_factory.hpp"

#include "system/graph_maker.hpp"

namespace mcp::cluster {

ready_graph make_graphs(const graph_parts& parts, problem_list& problems) {
  graph_library library{parts, problems};
  for (const auto& graph : parts.file.graphs) static_cast<void>(library.find(graph.name));
  return graph_maker{parts.file.graph, parts, library, problems}.run();
}

std::map<std::pair<std::string, std::string>, worker_node> make_worker_nodes(
    const graph_parts& parts) {
  std::map<std::pair<std::string, std::string>, worker_node> made;
  const auto add = [&](const graph_description& graph, const std::string& name) {
    for (const auto& node : graph.nodes) {
      if (!is_placed(node, parts.file)) continue;
      problem_list problems{parts.file.name};
      graph_library library{parts, problems};
      made.emplace(std::pair{name, node.name},
                   graph_maker{graph, parts, library, problems}.make_worker_node(node));
    }
  };
  add(parts.file.graph, {});
  for (const auto& graph : parts.file.graphs) add(graph, graph.name);
  return made;
}

const ready_graph* graph_library::find(const std::string& name) {
  if (const auto found = made_.find(name); found != made_.end()) return &found->second;
  for (const auto& graph : parts_.file.graphs) {
    if (graph.name != name) continue;
    if (!open_.insert(name).second) {
      problems_.error(graph.at, "the graph \"" + name + "\" contains itself",
                      "remove it from the graphs inside of it");
      return nullptr;
    }
    auto made = graph_maker{graph, parts_, *this, problems_}.run();
    open_.erase(name);
    return &made_.emplace(name, std::move(made)).first->second;
  }
  return nullptr;
}

std::vector<std::string> graph_library::names() const {
  std::vector<std::string> result;
  for (const auto& graph : parts_.file.graphs) result.push_back(graph.name);
  return result;
}

}  // namespace mcp::cluster
