#include "cluster_file/read_parts.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t max_plugins = 1000;

/// A file alone, or a mapping of where the plugin is and what it is told.
plugin_description read_plugin(const yaml_node::entry& entry, const reading& with) {
  plugin_description result;
  result.label = entry.key;
  result.at = entry.at;
  if (entry.value.is(yaml_node::kind::scalar)) {
    result.file = with.path(entry.value.text);
    return result;
  }
  map_reader keys{entry.value, "the plugin \"" + entry.key + "\"", with.problems};
  const bool on_workers = keys.word("on", {"workers"}).has_value();
  if (const auto file = keys.text("file")) {
    result.file = with.path(*file);
    if (on_workers) keys.wrong("on", "has no place beside `file`", "keep one of them");
  } else if (!keys.has("file") && !keys.has("on")) {
    with.problems.error(entry.at, "the plugin \"" + entry.key + "\" has no `file`",
                        "add `file: NAME.so`, or `on: workers` when they bring it");
  }
  if (const auto* config = keys.map("config")) result.config = to_json(*config);
  return result;
}

}  // namespace

std::vector<plugin_description> read_plugins(const yaml_node& node, const reading& with) {
  std::vector<plugin_description> result;
  for (const auto& entry : node.entries) {
    if (result.size() == max_plugins) {
      with.problems.error(entry.at,
                          "a file has at most " + std::to_string(max_plugins) + " plugins");
      break;
    }
    if (!check_name(entry.key, entry.at, "a plugin", with.problems)) continue;
    result.push_back(read_plugin(entry, with));
  }
  return result;
}

}  // namespace mcp::cluster
