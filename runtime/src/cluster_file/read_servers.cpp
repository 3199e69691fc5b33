#include "cluster_file/read_parts.hpp"

#include <filesystem>
#include <set>

namespace mcp::cluster {
namespace {

constexpr std::size_t max_servers = 100;
constexpr std::int64_t most_bytes = 1LL << 40;
constexpr std::int64_t most_files = 1'000'000;
constexpr std::int64_t most_calls = 100'000;
constexpr std::int64_t most_restarts = 1000;

using variables = std::vector<server_description::variable>;

/// {NAME: VARIABLE}, or a list of variables that keep their names.
variables read_variables(map_reader& keys, std::string_view key) {
  variables result;
  const auto* node = keys.any(key);
  if (node == nullptr) return result;
  if (!node->is(yaml_node::kind::map)) {
    for (auto& one : keys.names(key)) result.push_back({one.name, one.name, one.at});
    return result;
  }
  for (const auto& entry : node->entries) {
    if (entry.value.is(yaml_node::kind::scalar)) {
      result.push_back({entry.key, entry.value.text, entry.value.at});
    } else {
      keys.wrong(key, "maps \"" + entry.key + "\" to " + std::string{name(entry.value.what)},
                 "write NAME: VARIABLE");
    }
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> read_texts(map_reader& keys,
                                                            std::string_view key) {
  std::vector<std::pair<std::string, std::string>> result;
  const auto* node = keys.map(key);
  if (node == nullptr) return result;
  for (const auto& entry : node->entries) {
    if (entry.value.is(yaml_node::kind::scalar)) {
      result.emplace_back(entry.key, entry.value.text);
    } else {
      keys.wrong(key, "maps \"" + entry.key + "\" to " + std::string{name(entry.value.what)},
                 "write NAME: TEXT");
    }
  }
  return result;
}

void read_child(map_reader& keys, const reading& with, server_description& to) {
  const auto command = keys.text_or("command", {});
  const bool is_path = command.find('/') != std::string::npos;
  namespace fs = std::filesystem;
  // Absolute, for the server starts in a folder of its own.
  to.options.command = is_path ? fs::absolute(with.path(command)).string() : command;
  for (auto& one : keys.names("args")) to.options.arguments.push_back(std::move(one.name));
  for (const auto& [name, value] : read_texts(keys, "env")) {
    to.options.environment.push_back(name + "=" + value);
  }
  to.environment = read_variables(keys, "pass_env");
  to.options.working_folder = fs::absolute(with.path(keys.text_or("folder", "."))).string();
  if (command.empty()) {
    with.problems.error(keys.at("command"), "the server \"" + to.name + "\" has no `command`",
                        "name a program that speaks the Model Context Protocol");
  }
}

void read_remote(map_reader& keys, const reading& with, server_description& to) {
  to.options.url = keys.text_or("url", {});
  to.options.headers = read_texts(keys, "headers");
  to.headers = read_variables(keys, "header_env");
  if (const auto token = keys.name("token_env")) {
    to.token = {"Authorization", token->name, token->at};
  }
  if (const auto file = keys.text("ca_file")) to.options.ca_file = with.path(*file);
  const auto& url = to.options.url;
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    keys.wrong("url", "is no http or https address", "write https://HOST/PATH");
  }
}

void read_server_limits(map_reader& keys, const reading& with, server_description& to) {
  auto& options = to.options;
  if (const auto* node = keys.map("timeouts")) {
    map_reader times{*node, "`timeouts`", with.problems};
    options.connect_timeout = times.duration("connect").value_or(options.connect_timeout);
    options.call_timeout = times.duration("call").value_or(options.call_timeout);
    options.total_call_timeout = times.duration("total").value_or(options.total_call_timeout);
    options.exit_grace = times.duration("exit").value_or(options.exit_grace);
  }
  if (const auto* node = keys.map("limits")) {
    map_reader limits{*node, "`limits`", with.problems};
    const auto take = [&limits](std::string_view key, std::int64_t most, auto& into) {
      using type = std::remove_reference_t<decltype(into)>;
      if (const auto found = limits.integer(key, 1, most)) into = static_cast<type>(*found);
    };
    if (!to.remote()) {
      take("memory", most_bytes, options.max_memory_bytes);
      take("open_files", most_files, options.max_open_files);
      if (const auto most = limits.integer("restarts", 0, most_restarts)) {
        options.restarts = static_cast<int>(*most);
      }
      options.restart_period = limits.duration("restart_period").value_or(options.restart_period);
    }
    take("message", most_bytes, options.max_message_bytes);
    take("calls", most_calls, options.max_pending_calls);
    take("tools", static_cast<std::int64_t>(max_tools), options.max_entries);
  }
}

/// `false`: none; a text: that one; absent: the server's name.
std::string read_prefix(map_reader& keys, const server_description& to) {
  const auto* node = keys.any("prefix");
  if (node == nullptr) return to.name;
  if (!node->quoted && node->text == "false") return {};
  if (!node->quoted && node->text == "true") return to.name;
  return keys.text_or("prefix", to.name);
}

server_tool_description read_server_tool(const std::string& name, const yaml_node& node,
                                         file_position at, const std::string& prefix,
                                         const reading& with) {
  server_tool_description result;
  result.name = name;
  result.at = at;
  map_reader keys{node, "the tool \"" + name + "\"", with.problems};
  const auto renamed = keys.text("as");
  if (renamed) check_name(*renamed, keys.at("as"), "a tool", with.problems);
  result.offered = renamed ? *renamed : mcp_tool_name(prefix, name);
  result.description = keys.text_or("description", {});
  result.calls = read_call_options(keys, with);
  return result;
}

void read_server_tools(map_reader& keys, const reading& with, server_description& to) {
  const auto* node = keys.any("tools");
  if (node == nullptr) return;
  auto& tools = to.tools.emplace();
  if (node->is(yaml_node::kind::map)) {
    for (const auto& entry : node->entries) {
      tools.push_back(read_server_tool(entry.key, entry.value, entry.at, to.prefix, with));
    }
    return;
  }
  for (const auto& one : keys.names("tools")) {
    tools.push_back({one.name, one.at, mcp_tool_name(to.prefix, one.name), {}, {}});
  }
}

server_description read_server(const yaml_node::entry& entry, const reading& with) {
  server_description result;
  result.name = entry.key;
  result.at = entry.at;
  result.options.name = entry.key;
  map_reader keys{entry.value, "the server \"" + entry.key + "\"", with.problems};
  if (keys.has("command") == keys.has("url")) {
    for (const auto* key : {"command", "url"}) static_cast<void>(keys.any(key));
    with.problems.error(entry.at,
                        "the server \"" + entry.key + "\" needs either `command` or `url`",
                        "name a program to start, or an address");
  } else if (keys.has("command")) {
    read_child(keys, with, result);
  } else {
    read_remote(keys, with, result);
  }
  read_server_limits(keys, with, result);
  result.prefix = read_prefix(keys, result);
  result.options.prefix_tools = false;  // names are given here: a tool may have one of its own
  read_server_tools(keys, with, result);
  result.resources = keys.boolean("resources").value_or(false);
  result.calls = read_call_options(keys, with);
  return result;
}

}  // namespace

std::vector<server_description> read_servers(const yaml_node& node, const reading& with) {
  std::vector<server_description> result;
  for (const auto& entry : node.entries) {
    if (result.size() == max_servers) {
      with.problems.error(entry.at,
                          "a file has at most " + std::to_string(max_servers) + " servers");
      break;
    }
    if (check_name(entry.key, entry.at, "a server", with.problems)) {
      result.push_back(read_server(entry, with));
    }
  }
  return result;
}

}  // namespace mcp::cluster
