#include "cluster_file/read_parts.hpp"
#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

namespace mcp::cluster {
namespace {

using field_pairs = std::vector<std::pair<placed_name, placed_name>>;

std::optional<nlohmann::json> read_schema(map_reader& keys, std::string_view key) {
  const auto* node = keys.any(key);
  if (node == nullptr) return std::nullopt;
  auto schema = to_json(*node);
  try {
    static_cast<void>(json_schema{schema});
  } catch (const error& wrong) {
    keys.wrong(key, "is not a JSON Schema: " + wrong.message());
  }
  return schema;
}

void read_lua_node(map_reader& keys, const reading& with, node_description& to) {
  auto script = with.script(*keys.any("lua"));
  const auto input = keys.word("input", {"state", "send"});
  to.options.blocking = keys.boolean("blocking").value_or(false);
  if (script) to.what = lua_node_description{std::move(*script), input && *input == 1};
}

std::optional<server_prompt_description> read_prompt_from(map_reader& keys, const reading& with) {
  const auto* node = keys.map("prompt_from");
  if (node == nullptr) return std::nullopt;
  if (keys.has("prompt")) keys.wrong("prompt_from", "stands beside `prompt`", "write one of them");
  map_reader inner{*node, "`prompt_from`", with.problems};
  server_prompt_description result;
  for (auto& [key, to] : {std::pair{"server", &result.server}, std::pair{"name", &result.name}}) {
    if (auto named = inner.name(key)) {
      *to = std::move(*named);
    } else if (!inner.has(key)) {
      with.problems.error(node->at, "`prompt_from` has no `" + std::string{key} + "`",
                          "write {server: SERVER, name: PROMPT, arguments: {NAME: EXPRESSION}}");
    }
  }
  result.arguments = read_expressions(inner, "arguments", with);
  return result;
}

void read_model_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<model_node_description>();
  if (auto model = keys.name("model")) node.model = std::move(*model);
  if (const auto* system = keys.any("system")) node.system = with.words(*system);
  if (const auto* prompt = keys.any("prompt")) node.prompt = with.words(*prompt);
  node.prompt_from = read_prompt_from(keys, with);
  node.messages = keys.name("messages");
  node.tools = keys.names("tools");
  node.output = keys.name("output");
  node.output_schema = read_schema(keys, "output_schema").value_or(nlohmann::json{});
  if (!node.output_schema.is_null() && !node.output) {
    keys.wrong("output_schema", "has no effect without `output`",
               "add `output: FIELD` for the JSON that the model answers with");
  }
  if (const auto choice = keys.word("tool_choice", {"automatic", "none", "required"})) {
    node.tool_choice = static_cast<tool_choice>(*choice);
  }
  node.max_tokens = keys.integer("max_tokens", 1);
  constexpr double hottest = 10;
  node.temperature = keys.number("temperature", 0, hottest);
  node.stream = keys.boolean("stream").value_or(true);
  read_prompt_memory(keys, with, node);
}

void read_tools_node(map_reader& keys, node_description& to) {
  auto& node = to.what.emplace<tools_node_description>();
  node.tools = keys.names("run_tools");
  node.messages = keys.name("messages").value_or(placed_name{"messages", to.at});
}

void read_call_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<call_node_description>();
  if (auto tool = keys.name("call")) node.tool = std::move(*tool);
  node.arguments = read_expressions(keys, "arguments", with);
  node.into = keys.name("into");
}

void read_ask_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<ask_node_description>();
  node.question = with.words(*keys.any("ask"));
  node.schema = read_schema(keys, "schema");
  node.into = keys.name("into");
}

std::optional<field_pairs> read_pairs(map_reader& keys, std::string_view key) {
  const auto* node = keys.map(key);
  if (node == nullptr) return std::nullopt;
  field_pairs pairs;
  for (const auto& entry : node->entries) {
    if (!entry.value.is(yaml_node::kind::scalar)) {
      keys.wrong(key, "maps \"" + entry.key + "\" to " + std::string{name(entry.value.what)},
                 "write CHILD: PARENT with the names of fields");
      continue;
    }
    pairs.emplace_back(placed_name{entry.key, entry.at},
                       placed_name{entry.value.text, entry.value.at});
  }
  return pairs;
}

void read_graph_node(map_reader& keys, node_description& to) {
  auto& node = to.what.emplace<graph_node_description>();
  if (auto graph = keys.name("graph")) node.graph = std::move(*graph);
  node.in = read_pairs(keys, "in");
  node.out = read_pairs(keys, "out");
}

void read_typed_node(map_reader& keys, node_description& to) {
  auto& node = to.what.emplace<typed_node_description>();
  if (auto type = keys.name("type")) node.type = std::move(*type);
  node.options = keys.value("options");
  const auto input = keys.word("input", {"state", "send"});
  node.from_send = input && *input == 1;
  to.options.blocking = keys.boolean("blocking").value_or(false);
}

void read_agent_node(map_reader& keys, const reading& with, node_description& to) {
  auto& node = to.what.emplace<agent_node_description>();
  if (auto agent = keys.name("agent")) node.agent = std::move(*agent);
  if (const auto* key = keys.any("key")) {
    node.key = with.words(*key);
  } else {
    with.problems.error(to.at, "the node \"" + to.name + "\" does not say which agent it asks",
                        "add `key: TEXT`: there is an agent of that type for each key");
  }
  if (auto message = keys.name("message")) {
    node.message = std::move(*message);
  } else if (!keys.has("message")) {
    with.problems.error(to.at, "the node \"" + to.name + "\" has no `message`",
                        "name one that the agent handles");
  }
  node.content = read_expressions(keys, "content", with);
  node.into = keys.name("into");
  node.answer_within = keys.duration("answer_within").value_or(node.answer_within);
}

/// What cannot leave the server is a problem.
void read_node_placement(map_reader& keys, const std::string& kind, node_description& to) {
  if (!keys.has("placement")) return;
  if (kind == "ask" || kind == "graph" || kind == "agent") {
    static_cast<void>(keys.any("placement"));
    keys.wrong("placement", "has no effect on a node with `" + kind + "`, which runs on the server",
               kind == "graph"   ? "place the nodes of the graph"
               : kind == "agent" ? "place the agent, under `agents`"
                                 : "remove it");
    return;
  }
  to.placement = read_placement(keys);
}

node_description read_node(const yaml_node::entry& entry, const reading& with) {
  static const std::vector<std::string> kinds{"lua",       "model",    "run_tools", "call",
                                              "ask",       "graph",    "agent",     "type",
                                              "summarize", "remember", "recall"};
  node_description result;
  result.name = entry.key;
  result.at = entry.at;
  map_reader keys{entry.value, "the node \"" + entry.key + "\"", with.problems};
  std::string kind;
  int count = 0;
  for (const auto& one : kinds) {
    if (!keys.has(one)) continue;
    static_cast<void>(keys.any(one));
    if (count++ == 0) kind = one;
  }
  if (count != 1) {
    for (const auto& one : kinds) static_cast<void>(keys.any(one));
    with.problems.error(
        entry.at,
        "the node \"" + entry.key + "\" says " + (count == 0 ? "not" : "more than once") +
            " what it is",
        "write exactly one of lua, model, run_tools, call, ask, graph, agent, summarize, remember, "
        "recall and type");
  }
  if (kind == "lua") read_lua_node(keys, with, result);
  if (kind == "model") read_model_node(keys, with, result);
  if (kind == "run_tools") read_tools_node(keys, result);
  if (kind == "call") read_call_node(keys, with, result);
  if (kind == "ask") read_ask_node(keys, with, result);
  if (kind == "graph") read_graph_node(keys, result);
  if (kind == "agent") read_agent_node(keys, with, result);
  if (kind == "type") read_typed_node(keys, result);
  if (kind == "summarize") read_summary_node(keys, with, result);
  if (kind == "remember") read_remember_node(keys, with, result);
  if (kind == "recall") read_recall_node(keys, with, result);
  read_node_options(keys, with, result);
  read_node_placement(keys, kind, result);
  return result;
}

}  // namespace

const node_description* graph_description::find(const std::string& node) const {
  for (const auto& one : nodes) {
    if (one.name == node) return &one;
  }
  return nullptr;
}

std::vector<std::string> graph_description::node_names() const {
  std::vector<std::string> result;
  for (const auto& one : nodes) result.push_back(one.name);
  return result;
}

std::vector<node_description> read_nodes(const yaml_node& node, const reading& with) {
  std::vector<node_description> result;
  if (!node.is(yaml_node::kind::map) || node.entries.empty()) {
    with.problems.error(node.at, "`nodes` is " + std::string{name(node.what)},
                        "write a mapping of names and nodes");
    return result;
  }
  for (const auto& entry : node.entries) {
    if (check_name(entry.key, entry.at, "a node", with.problems)) {
      result.push_back(read_node(entry, with));
    }
  }
  return result;
}

}  // namespace mcp::cluster
