#include "cluster_file/read_parts.hpp"
#include "cluster_file/reducers.hpp"
#include "mcp/agents/prompt_memory.hpp"
#include "mcp/json.hpp"
#include "mcp/json_schema.hpp"

#include <algorithm>
#include <array>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

const std::array<std::pair<std::string_view, json>, 8>& shorthands() {
  static const std::array<std::pair<std::string_view, json>, 8> all{{
      {"string", {{"type", "string"}}},
      {"integer", {{"type", "integer"}}},
      {"number", {{"type", "number"}}},
      {"boolean", {{"type", "boolean"}}},
      {"list", {{"type", "array"}, {"x-reducer", "append"}}},
      {"map", {{"type", "object"}, {"x-reducer", "merge"}}},
      {"messages", {{"x-reducer", "add_messages"}}},
      {"any", json::object()},
  }};
  return all;
}

std::optional<json> shorthand(const yaml_node& node, const std::string& field,
                              problem_list& problems) {
  std::vector<std::string> known;
  for (const auto& [word, schema] : shorthands()) {
    if (word == node.text) return schema;
    known.emplace_back(word);
  }
  problems.error(node.at,
                 "the field \"" + field + "\" is of the unknown type \"" + node.text + "\"" +
                     nearest(node.text, known),
                 "write string, integer, number, boolean, list, map, messages, any, or a mapping");
  return std::nullopt;
}

/// The schema of a field, with our keywords spelt as `make_json_state_type` wants them.
json long_form(const yaml_node& node, const std::string& field, problem_list& problems) {
  static const std::vector<std::string> known{"$comment",
                                              "$ref",
                                              "additionalProperties",
                                              "allOf",
                                              "anyOf",
                                              "const",
                                              "contains",
                                              "default",
                                              "description",
                                              "enum",
                                              "examples",
                                              "exclusiveMaximum",
                                              "exclusiveMinimum",
                                              "format",
                                              "if",
                                              "items",
                                              "maxItems",
                                              "maxLength",
                                              "maxProperties",
                                              "maximum",
                                              "minItems",
                                              "minLength",
                                              "minProperties",
                                              "minimum",
                                              "multipleOf",
                                              "not",
                                              "oneOf",
                                              "pattern",
                                              "patternProperties",
                                              "prefixItems",
                                              "properties",
                                              "propertyNames",
                                              "reducer",
                                              "required",
                                              "then",
                                              "else",
                                              "title",
                                              "type",
                                              "uniqueItems",
                                              "visibility"};
  auto schema = json::object();
  for (const auto& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      problems.error(
          entry.at,
          "the field \"" + field + "\" has no key `" + entry.key + "`" + nearest(entry.key, known),
          "write keywords of JSON Schema, reducer, visibility and default");
      continue;
    }
    const bool ours = entry.key == "reducer" || entry.key == "visibility";
    schema[(ours ? "x-" : "") + entry.key] = to_json(entry.value);
  }
  return schema;
}

/// The reducer of a plugin that a field has, LABEL.NAME; nothing when it has one of ours.
std::optional<std::string> plugin_reducer_of(const json& schema) {
  const auto reducer = schema.find("x-reducer");
  if (reducer == schema.end() || !reducer->is_string()) return std::nullopt;
  auto name = reducer->get<std::string>();
  if (name.find('.') == std::string::npos) return std::nullopt;
  return name;
}

void check_default(const std::string& field, const json& schema, file_position at,
                   problem_list& problems) {
  const auto given = schema.find("default");
  if (given == schema.end()) return;
  const auto wrong = json_schema{schema}.validate(*given);
  if (wrong.empty()) return;
  problems.error(at,
                 "the field \"" + field + "\": its default does not fit: " +
                     (wrong.front().at.empty() ? "" : wrong.front().at + ": ") +
                     wrong.front().message,
                 "correct its default or its schema");
}

/// Plugins are not loaded yet: a reducer of one counts as any other.
void check_field(const std::string& field, const json& schema, file_position at,
                 problem_list& problems) {
  auto unknown = own_reducers();
  if (const auto name = plugin_reducer_of(schema)) {
    unknown.emplace(*name, [](json, json incoming) { return incoming; });
  }
  try {
    const auto type =
        make_json_state_type("state", {{"properties", json::object({{field, schema}})}}, unknown);
    static_cast<void>(json_state{type});
    check_default(field, schema, at, problems);
  } catch (const error& wrong) {
    problems.error(at, "the field \"" + field + "\": " + wrong.message(),
                   "correct its schema, reducer or default");
  }
}

/// Of a list of texts: the new ones at its end, each once, the oldest gone beyond a limit.
json pinned(json current, json incoming) {
  const auto texts = [](const json& list, const char* which) {
    std::vector<std::string> result;
    for (const auto& one : list.is_array() ? list : json::array({list})) {
      if (!one.is_string()) {
        throw error{errc::invalid_argument, std::string{"pin_facts keeps a list of texts; "} +
                                                which + " is something else"};
      }
      result.push_back(one.get<std::string>());
    }
    return result;
  };
  auto facts = current.is_null() ? std::vector<std::string>{} : texts(current, "the field");
  detail::add_facts(facts, texts(incoming, "what is written"));
  return facts;
}

}  // namespace

std::map<std::string, json_reducer_function> own_reducers() {
  return {{"pin_facts", pinned}};
}

std::vector<std::string> state_description::names() const {
  std::vector<std::string> result;
  for (const auto& [field, at_field] : fields) result.push_back(field);
  return result;
}

bool state_description::is_conversation(const std::string& field) const {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->contains(field)) return false;
  return properties->at(field).value("x-reducer", json{}) == "add_messages";
}

state_description read_state(const yaml_node& node, const reading& with) {
  state_description result;
  result.at = node.at;
  auto& properties = result.schema["properties"] = json::object();
  if (!node.is(yaml_node::kind::map) || node.entries.empty()) {
    with.problems.error(node.at, "`state` is " + std::string{name(node.what)},
                        "write a mapping of fields and their types");
    return result;
  }
  for (const auto& entry : node.entries) {
    std::optional<json> schema;
    if (entry.value.is(yaml_node::kind::scalar)) {
      schema = shorthand(entry.value, entry.key, with.problems);
    } else if (entry.value.is(yaml_node::kind::map)) {
      schema = long_form(entry.value, entry.key, with.problems);
    } else {
      with.problems.error(entry.at, "the field \"" + entry.key + "\" has no type",
                          "write the name of a type or a mapping");
    }
    const auto errors = with.problems.errors();
    if (schema) check_field(entry.key, *schema, entry.value.at, with.problems);
    if (!schema || with.problems.errors() != errors) schema = json::object();
    if (auto name = plugin_reducer_of(*schema)) {
      const auto* reducer = entry.value.find("reducer");
      result.plugin_reducers.push_back(
          {std::move(*name), reducer == nullptr ? entry.at : reducer->at});
    }
    properties[entry.key] = std::move(*schema);
    result.fields[entry.key] = entry.at;
  }
  return result;
}

}  // namespace mcp::cluster
