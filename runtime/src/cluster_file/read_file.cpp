#include "cluster_file/read_file.hpp"

#include "cluster_file/read_parts.hpp"
#include "script/utf8.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace mcp::cluster {
namespace {

constexpr std::size_t max_graphs = 1000;

void read_graphs(const yaml_node& node, const reading& with, cluster_description& to) {
  for (const auto& entry : node.entries) {
    if (to.graphs.size() == max_graphs) {
      with.problems.error(entry.at, "a file has at most " + std::to_string(max_graphs) + " graphs");
      return;
    }
    if (!check_name(entry.key, entry.at, "a graph", with.problems)) continue;
    auto& graph = to.graphs.emplace_back();
    graph.name = entry.key;
    graph.at = entry.at;
    map_reader keys{entry.value, "the graph \"" + entry.key + "\"", with.problems};
    read_graph(keys, with, graph);
  }
}

std::optional<compiled_script> compile(const yaml_node& node, const reading& with,
                                       compiled_script::form shape) {
  if (!node.is(yaml_node::kind::scalar)) {
    with.problems.error(node.at, "a script is " + std::string{name(node.what)},
                        "write Lua as a text");
    return std::nullopt;
  }
  try {
    return compiled_script{{with.file_name, node.at.line + (node.block ? 1 : 0), node.text}, shape};
  } catch (const script_problem& wrong) {
    const int column = wrong.line == node.at.line ? node.at.column : 1;
    with.problems.error({wrong.line, column}, "this is not Lua: " + wrong.message,
                        "see the manual of Lua 5.4");
    return std::nullopt;
  }
}

std::string file_stem(const std::string& path) {
  return std::filesystem::path{path}.stem().string();
}

}  // namespace

std::optional<compiled_script> reading::script(const yaml_node& node) const {
  return compile(node, *this, compiled_script::form::body);
}

std::optional<compiled_script> reading::expression(const yaml_node& node) const {
  return compile(node, *this, compiled_script::form::expression);
}

text_template reading::words(const yaml_node& node) const {
  if (node.is(yaml_node::kind::null)) return {};
  if (!node.is(yaml_node::kind::scalar)) {
    problems.error(node.at, "a template is " + std::string{name(node.what)}, "write a text");
    return {};
  }
  try {
    return text_template{{file_name, node.at.line + (node.block ? 1 : 0), node.text}};
  } catch (const script_problem& wrong) {
    const int column = wrong.line == node.at.line ? node.at.column : 1;
    problems.error({wrong.line, column}, "an expression in the template: " + wrong.message,
                   "write an expression of Lua between \"{{\" and \"}}\"");
    return {};
  }
}

std::string reading::path(const std::string& given) const {
  const std::filesystem::path path{given};
  return path.is_absolute() ? given : (std::filesystem::path{folder} / path).string();
}

bool check_name(const std::string& name, file_position at, std::string_view what,
                problem_list& problems) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789-.";
  constexpr std::size_t longest = 128;
  const bool fits = !name.empty() && name.size() <= longest &&
                    name.find_first_not_of(allowed) == std::string::npos &&
                    !name.starts_with("__") && name != "start" && name != "END";
  if (!fits) {
    problems.error(at, "\"" + name + "\" cannot be the name of " + std::string{what},
                   "write 1 to 128 letters, digits, '_', '-' and '.', but not start, END, or "
                   "anything that begins with \"__\"");
  }
  return fits;
}

void read_graph(map_reader& keys, const reading& with, graph_description& to) {
  const auto* state = keys.any("state");
  if (state != nullptr) {
    to.state = read_state(*state, with);
  } else {
    with.problems.error(keys.at(), "there is no `state`", "declare the fields of the state");
  }
  const auto* nodes = keys.any("nodes");
  if (nodes != nullptr) {
    to.nodes = read_nodes(*nodes, with);
  } else {
    with.problems.error(keys.at(), "there are no `nodes`", "declare at least one node");
  }
  if (const auto* edges = keys.list("edges")) read_edges(*edges, with, to);
  if (const auto* map = keys.any("edge_map")) read_edge_map(*map, with, to);
  to.interrupt_before = keys.names("interrupt_before");
  to.interrupt_after = keys.names("interrupt_after");
}

namespace {

/// Where the text stops being UTF-8; nothing when it does not.
std::optional<file_position> first_broken(std::string_view text) {
  const auto fine = text.substr(0, utf8_bytes(text));
  if (fine.size() == text.size()) return std::nullopt;
  const auto line = std::count(fine.begin(), fine.end(), '\n');
  const auto start = fine.rfind('\n') + 1;  // 0 in the first line
  const auto column = std::count_if(fine.begin() + static_cast<std::ptrdiff_t>(start), fine.end(),
                                    [](char c) { return (c & 0xc0) != 0x80; });
  return file_position{static_cast<int>(line) + 1, static_cast<int>(column) + 1};
}

/// Escapes and environment variables can bring what the file itself does not hold.
bool check_texts(const yaml_node& node, problem_list& problems) {
  bool fine = is_utf8(node.text);
  if (!fine) problems.error(node.at, "this text is not UTF-8", "see its escapes and variables");
  for (const auto& item : node.items) fine = check_texts(item, problems) && fine;
  for (const auto& entry : node.entries) {
    const bool named = is_utf8(entry.key);
    if (!named) problems.error(entry.at, "this key is not UTF-8", "see its escapes");
    fine = check_texts(entry.value, problems) && named && fine;
  }
  return fine;
}

}  // namespace

std::optional<std::string> read_bytes(const std::string& path, problem_list& problems) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    problems.error({}, "this is a folder", "name a file");
    return std::nullopt;
  }
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    problems.error({}, "the file cannot be opened", "check its name and its permissions");
    return std::nullopt;
  }
  std::string text(max_yaml_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    problems.error({}, "the file cannot be read");
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::optional<cluster_description> read_cluster_file(const std::string& path, std::string_view text,
                                                     const environment& variables,
                                                     problem_list& problems) {
  if (const auto broken = first_broken(text)) {
    problems.error(*broken, "the file is not UTF-8 from here on", "save it as UTF-8");
    return std::nullopt;
  }
  auto tree = read_yaml(text, problems);
  if (!tree) return std::nullopt;
  if (!tree->is(yaml_node::kind::map)) {
    problems.error(tree->at, "the file is " + std::string{name(tree->what)},
                   "write a mapping with `name`, `state`, `nodes` and `edges`");
    return std::nullopt;
  }
  substitute(*tree, variables, problems);
  if (!check_texts(*tree, problems)) return std::nullopt;
  const std::filesystem::path file{path};
  const reading with{problems, file.filename().string(), file.parent_path().string()};
  cluster_description result;
  map_reader keys{*tree, "the file", problems};
  result.name = keys.text_or("name", file_stem(path));
  check_name(result.name, keys.at("name"), "a system", problems);
  result.description = keys.text_or("description", {});
  if (const auto* plugins = keys.map("plugins")) result.plugins = read_plugins(*plugins, with);
  result.graph.name = result.name;
  result.graph.at = tree->at;
  read_graph(keys, with, result.graph);
  if (const auto* graphs = keys.map("graphs")) read_graphs(*graphs, with, result);
  if (const auto* models = keys.map("models")) result.models = read_models(*models, with);
  if (const auto* tools = keys.map("tools")) result.tools = read_tools(*tools, with);
  if (const auto* servers = keys.map("mcp_servers")) result.servers = read_servers(*servers, with);
  if (const auto* agents = keys.map("agents")) result.agents = read_agents(*agents, with);
  if (const auto* supervision = keys.map("supervision")) {
    result.supervision = read_supervision(*supervision, with);
  }
  if (const auto* limits = keys.map("limits")) result.limits = read_limits(*limits, with);
  if (const auto* memory = keys.any("memory")) result.memory = read_memory(*memory, with);
  if (const auto* store = keys.any("store")) result.store = read_store(*store, with);
  if (const auto* migrate = keys.map("migrate")) result.migrate = read_migrate(*migrate, with);
  return result;
}

}  // namespace mcp::cluster
