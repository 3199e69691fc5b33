// Nodes that ask a model, and those that remember.
#include "system/graph_maker.hpp"
#include "system/remembering.hpp"

namespace mcp::cluster {
namespace {

std::string type_in(const state_description& state, const std::string& field) {
  const auto& schema = state.schema.at("properties").at(field);
  const auto type = schema.find("type");
  return type != schema.end() && type->is_string() ? type->get<std::string>() : std::string{};
}

}  // namespace

const ready_model* graph_maker::need_model(const placed_name& name) {
  const auto found = parts_.models.find(name.name);
  if (found != parts_.models.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [model, ready] : parts_.models) known.push_back(model);
  problems_.error(name.at, "there is no model \"" + name.name + "\"" + nearest(name.name, known),
                  "declare it under `models`");
  return nullptr;
}

bool graph_maker::need_prompt(const server_prompt_description& what,
                              tool_servers::client_source& from) {
  std::vector<std::string> arguments;
  for (const auto& [name, script] : what.arguments) arguments.push_back(name);
  from = parts_.servers->need_prompt(what.server.name, what.name, std::move(arguments));
  if (from || what.server.name.empty()) return static_cast<bool>(from);
  problems_.error(what.server.at,
                  "there is no server \"" + what.server.name + "\"" +
                      nearest(what.server.name, parts_.servers->servers()),
                  "declare it under `mcp_servers`");
  return false;
}

bool graph_maker::need_field_of(const placed_name& field, const std::string& type) {
  if (!need_field(field, what_.state)) return false;
  if (what_.state.is_conversation(field.name) || type_in(what_.state, field.name) != type) {
    const bool list = type == "array";
    problems_.error(field.at, "the field \"" + field.name + "\" is no " + (list ? "list" : "text"),
                    "declare it as `" + field.name + ": " +
                        (list ? "{type: array, items: {type: string}}`" : "string`"));
    return false;
  }
  return true;
}

bool graph_maker::need_known(const known_description& knows) {
  bool fine = true;
  if (knows.summary) fine = need_field_of(*knows.summary, "string") && fine;
  if (knows.facts) fine = need_field_of(*knows.facts, "array") && fine;
  if (knows.recalled) fine = need_field_of(*knows.recalled, "array") && fine;
  return fine;
}

node_spec graph_maker::make(const node_description& node, const model_node_description& what) {
  const auto* model = need_model(what.model);
  std::string messages;
  if (what.messages) {
    if (need_conversation(*what.messages)) messages = what.messages->name;
  } else if (what_.state.is_conversation("messages")) {
    messages = "messages";
  }
  if (!what.messages && messages.empty() && what.prompt.empty() && !what.prompt_from) {
    problems_.error(node.at, "the node \"" + node.name + "\" has nothing to ask",
                    "add `prompt`, or a field `messages: messages` to the state");
  }
  if (what.output) static_cast<void>(need_field(*what.output, what_.state));
  const bool known = need_known(what.knows);
  tool_servers::client_source prompts;
  if (what.prompt_from && !need_prompt(*what.prompt_from, prompts)) return {};
  if (!need_tools(what.tools) || !known || model == nullptr || !model->model) return {};
  return make_model_node(what, *model, messages, collect_tools(what.tools), std::move(prompts),
                         around_);
}

node_spec graph_maker::make(const node_description& node, const summary_node_description& what) {
  const auto* model = need_model(what.model);
  const bool kept = what.into.name.empty() || need_field_of(what.into, "string");
  const auto messages = what.messages.value_or(placed_name{"messages", node.at});
  const bool conversation = need_conversation(messages);
  if (model == nullptr || !model->model || !kept || what.into.name.empty() || !conversation) {
    return {};
  }
  return make_summary_node(what, *model, messages.name, around_);
}

node_spec graph_maker::make(const node_description&, const remember_node_description& what) {
  return make_remember_node(what, parts_.file.name, around_);
}

node_spec graph_maker::make(const node_description&, const recall_node_description& what) {
  if (what.into.name.empty() || !need_field_of(what.into, "array")) return {};
  const auto& schema = what_.state.schema.at("properties").at(what.into.name);
  const auto items = schema.value("items", nlohmann::json::object());
  const bool texts = !items.is_object() || items.value("type", nlohmann::json{}) != "object";
  return make_recall_node(what, texts, parts_.file.name, around_);
}

}  // namespace mcp::cluster
