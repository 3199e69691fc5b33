#include "cluster_file/read_parts.hpp"
#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

#include <algorithm>
#include <array>

namespace mcp::cluster {
namespace {

const std::vector<std::string>& builtins() {
  static const std::vector<std::string> names{"calculator",
                                              "clock",
                                              "read_file",
                                              "list_files",
                                              "search_documents",
                                              "http_get",
                                              "split_question",
                                              "find_quotations",
                                              "review_quotations",
                                              "compose_answer",
                                              "check_citations",
                                              "remember",
                                              "recall",
                                              "forget"};
  return names;
}

void read_approval(map_reader& keys, const reading& with, call_options_description& to) {
  const auto* node = keys.any("approval");
  if (node == nullptr) return;
  if (!node->is(yaml_node::kind::map)) {
    to.approval = keys.boolean("approval");
    return;
  }
  map_reader inner{*node, "`approval`", with.problems};
  if (const auto* lua = inner.any("lua")) to.approval_rule = with.script(*lua);
}

void read_parameters(map_reader& keys, const reading& with, tool_description_in_file& to) {
  const auto* node = keys.map("parameters");
  if (node == nullptr) {
    to.parameters = nlohmann::json{{"type", "object"}, {"properties", nlohmann::json::object()}};
    return;
  }
  to.parameters = to_json(*node);
  if (to.parameters.value("type", nlohmann::json{}) != "object") {
    with.problems.error(node->at, "the parameters of a tool are not of the type object",
                        "add `type: object`");
  }
  try {
    static_cast<void>(json_schema{to.parameters});
  } catch (const error& wrong) {
    with.problems.error(node->at, "the parameters are not a JSON Schema: " + wrong.message());
  }
}

void read_lua_tool(map_reader& keys, const reading& with, tool_description_in_file& to) {
  if (const auto* lua = keys.any("lua")) to.lua = with.script(*lua);
  to.description = keys.text_or("description", {});
  if (to.description.empty()) {
    with.problems.error(to.at, "the tool \"" + to.name + "\" has no `description`",
                        "say in a sentence what it does: the model reads it");
  }
  read_parameters(keys, with, to);
}

/// The folder that a tool may read, under the key that says so.
void read_root(map_reader& keys, const reading& with, tool_description_in_file& to) {
  const bool search = to.builtin == "search_documents";
  const auto root = keys.text("root");
  const auto folder = search ? keys.text("folder") : std::nullopt;
  if (root && folder) {
    keys.wrong("folder", "stands beside `root`",
               "write `folder` to search one folder, or `root` to let the call name one below it");
  }
  to.fixed_folder = folder.has_value();
  if (root || folder) {
    to.root = with.path(root ? *root : *folder);
    return;
  }
  with.problems.error(to.at,
                      "the tool \"" + to.name + "\" has no `" + (search ? "folder" : "root") + "`",
                      "name the folder that it may read");
}

void read_builtin(map_reader& keys, const reading& with, tool_description_in_file& to) {
  const auto index = keys.word("builtin", builtins());
  if (!index) return;
  to.builtin = builtins()[*index];
  const bool files = to.builtin == "read_file" || to.builtin == "list_files";
  constexpr std::array rootless{"calculator", "clock",  "http_get", "split_question",
                                "remember",   "recall", "forget"};
  if (std::find(rootless.begin(), rootless.end(), to.builtin) == rootless.end()) {
    read_root(keys, with, to);
  }
  if (to.builtin == "http_get") {
    for (auto& host : keys.names("hosts")) to.hosts.push_back(std::move(host.name));
    to.private_addresses = keys.boolean("private_addresses").value_or(false);
    if (to.hosts.empty()) {
      with.problems.error(to.at, "the tool \"" + to.name + "\" may ask no host",
                          "add `hosts: [NAME, ...]`");
    }
  }
  constexpr std::int64_t most_bytes = 64LL << 20;
  if (files || to.builtin == "http_get") {
    if (const auto bytes = keys.integer("max_bytes", 1, most_bytes)) {
      to.max_bytes = static_cast<std::size_t>(*bytes);
    }
  }
}

bool is_memory_tool(const tool_description_in_file& tool) {
  return tool.builtin == "remember" || tool.builtin == "recall" || tool.builtin == "forget";
}

/// Whose memory a tool works in. After what is `given`.
void read_tool_scope(map_reader& keys, const reading& with, tool_description_in_file& to) {
  static const std::vector<std::string> words{"user", "thread", "agent"};
  const auto scope = keys.word("scope", words);
  if (!keys.has("scope")) {
    with.problems.error(to.at, "the tool \"" + to.name + "\" does not say whose memory it uses",
                        "add `scope: user`, `scope: thread` or `scope: agent`");
  }
  if (!scope) return;
  to.scope = static_cast<memory_scope>(*scope);
  for (const auto& [name, script] : to.calls.given) {
    if (name == words[*scope] && *to.scope != memory_scope::thread) to.whose = name;
  }
  if (*to.scope == memory_scope::user && to.whose.empty()) {
    keys.wrong("scope", "does not say which user",
               "add `given: {user: state.FIELD}`: it is not for the model to choose");
  }
}

tool_description_in_file read_tool(const yaml_node::entry& entry, const reading& with) {
  tool_description_in_file result;
  result.name = entry.key;
  result.at = entry.at;
  map_reader keys{entry.value, "the tool \"" + entry.key + "\"", with.problems};
  if (keys.has("builtin") + keys.has("lua") + keys.has("type") != 1) {
    for (const auto* kind : {"builtin", "lua", "type"}) static_cast<void>(keys.any(kind));
    with.problems.error(entry.at,
                        "the tool \"" + entry.key + "\" needs one of `builtin`, `lua` and `type`",
                        "name a built-in tool, write a function, or name a plugin's tool");
  } else if (keys.has("type")) {
    result.type = keys.name("type").value_or(placed_name{});
    result.options = keys.value("options");
    result.description = keys.text_or("description", {});
  } else if (keys.has("lua")) {
    read_lua_tool(keys, with, result);
  } else {
    read_builtin(keys, with, result);
  }
  result.calls = read_call_options(keys, with);
  if (is_memory_tool(result)) read_tool_scope(keys, with, result);
  result.calls.blocking = keys.boolean("blocking").value_or(false);
  return result;
}

}  // namespace

call_options_description read_call_options(map_reader& keys, const reading& with) {
  call_options_description result;
  read_approval(keys, with, result);
  result.tell_model = keys.boolean("tell_model");
  result.timeout = keys.duration("timeout");
  result.retry = read_retry(keys, with);
  result.cache = read_cache(keys, with);
  constexpr std::int64_t most_calls = 100'000;
  if (const auto most = keys.integer("concurrency", 1, most_calls)) {
    result.concurrency = static_cast<std::size_t>(*most);
  }
  result.given = read_expressions(keys, "given", with);
  return result;
}

std::vector<std::pair<std::string, compiled_script>> read_expressions(map_reader& keys,
                                                                      std::string_view key,
                                                                      const reading& with) {
  std::vector<std::pair<std::string, compiled_script>> result;
  const auto* node = keys.map(key);
  if (node == nullptr) return result;
  for (const auto& entry : node->entries) {
    auto script = with.expression(entry.value);
    if (script) result.emplace_back(entry.key, std::move(*script));
  }
  return result;
}

std::vector<tool_description_in_file> read_tools(const yaml_node& node, const reading& with) {
  std::vector<tool_description_in_file> result;
  for (const auto& entry : node.entries) {
    if (check_name(entry.key, entry.at, "a tool", with.problems)) {
      result.push_back(read_tool(entry, with));
    }
  }
  return result;
}

}  // namespace mcp::cluster
