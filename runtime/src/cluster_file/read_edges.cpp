#include "cluster_file/read_parts.hpp"

namespace mcp::cluster {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

void read_chain(const yaml_node& node, const reading& with, graph_description& to) {
  constexpr std::string_view arrow = "->";
  std::vector<placed_name> names;
  std::string_view rest = node.text;
  std::size_t offset = 0;
  for (;;) {
    const auto split = rest.find(arrow);
    const auto part = rest.substr(0, split);
    const auto name = trimmed(part);
    auto at = node.at;
    if (!node.block && !node.quoted && !name.empty()) {
      at.column += static_cast<int>(offset) + static_cast<int>(name.data() - part.data());
    }
    names.push_back({std::string{name}, at});
    if (split == std::string_view::npos) break;
    offset += split + arrow.size();
    rest.remove_prefix(split + arrow.size());
  }
  bool whole = names.size() > 1;
  for (const auto& one : names) whole = whole && !one.name.empty();
  if (!whole) {
    with.problems.error(node.at, "\"" + node.text + "\" is not a chain of edges",
                        "write \"a -> b\" or \"a -> b -> c\"");
    return;
  }
  for (std::size_t i = 1; i < names.size(); ++i) to.edges.push_back({names[i - 1], names[i]});
}

void read_join(map_reader& keys, const reading& with, graph_description& to) {
  auto sources = keys.names("join");
  auto target = keys.name("to");
  if (!target || sources.empty()) {
    with.problems.error(keys.at(), "a join needs `join` with the nodes to wait for, and `to`",
                        "write {join: [a, b], to: c}");
    return;
  }
  to.joins.push_back({std::move(sources), std::move(*target)});
}

void read_tools_edge(map_reader& keys, placed_name source, graph_description& to) {
  auto tools = keys.name("tools");
  auto otherwise = keys.name("otherwise");
  if (!tools) return;
  to.tools_edges.push_back({std::move(source), std::move(*tools),
                            std::move(otherwise).value_or(placed_name{"END", keys.at()})});
}

void read_edge(const yaml_node& node, const reading& with, graph_description& to) {
  map_reader keys{node, "an edge", with.problems};
  if (keys.has("join")) return read_join(keys, with, to);
  auto source = keys.name("from");
  if (!source) {
    for (const auto* key : {"join", "to", "lua", "tools", "otherwise"}) {
      static_cast<void>(keys.any(key));
    }
    with.problems.error(keys.at(), "an edge has no `from`",
                        "write \"a -> b\", or a mapping with `from` or `join`");
    return;
  }
  if (keys.has("tools")) return read_tools_edge(keys, std::move(*source), to);
  const auto* lua = keys.any("lua");
  auto targets = keys.names("to");
  if (lua != nullptr) {
    if (auto script = with.script(*lua)) {
      to.routers.push_back({std::move(*source), std::move(*script), std::move(targets)});
    }
    return;
  }
  static_cast<void>(keys.any("tools"));
  if (targets.empty()) {
    with.problems.error(keys.at(), "the edge from \"" + source->name + "\" leads nowhere",
                        "add `to`, `lua` or `tools`");
  }
  for (auto& target : targets) to.edges.push_back({*source, std::move(target)});
}

}  // namespace

void read_edges(const yaml_node& node, const reading& with, graph_description& to) {
  for (const auto& item : node.items) {
    if (item.is(yaml_node::kind::scalar)) {
      read_chain(item, with, to);
    } else {
      read_edge(item, with, to);
    }
  }
}

void read_edge_map(const yaml_node& node, const reading& with, graph_description& to) {
  map_reader keys{node, "`edge_map`", with.problems};
  const auto* lua = keys.any("lua");
  auto targets = keys.names("to");
  if (lua == nullptr) {
    with.problems.error(node.at, "`edge_map` has no `lua`",
                        "write {lua: \"return ...\", to: [names]}");
    return;
  }
  if (auto script = with.script(*lua)) {
    to.edge_map = router_description{{"edge_map", node.at}, std::move(*script), std::move(targets)};
  }
}

}  // namespace mcp::cluster
