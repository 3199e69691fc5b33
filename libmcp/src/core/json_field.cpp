#include "core/json_channel.hpp"

#include <array>
#include <utility>

namespace mcp::core {
namespace {

using json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, json_reducer>, 10> reducers{{
    {"last_value", json_reducer::last_value},
    {"any_value", json_reducer::any_value},
    {"append", json_reducer::append},
    {"merge", json_reducer::merge},
    {"sum", json_reducer::sum},
    {"minimum", json_reducer::minimum},
    {"maximum", json_reducer::maximum},
    {"add_messages", json_reducer::add_messages},
    {"ephemeral", json_reducer::ephemeral},
    {"untracked", json_reducer::untracked},
}};
constexpr std::array<std::pair<std::string_view, visibility>, 4> visibilities{{
    {"both", visibility::both},
    {"input", visibility::input},
    {"output", visibility::output},
    {"internal", visibility::internal},
}};

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw error{errc::invalid_schema, "/properties/" + field + ": " + why};
}

template <class Table>
auto pick(const Table& table, const json& name, const std::string& field, const char* keyword) {
  if (name.is_string()) {
    for (const auto& [known, value] : table) {
      if (name.get_ref<const std::string&>() == known) return value;
    }
  }
  std::string all;
  for (const auto& [known, value] : table) {
    all += (all.empty() ? "" : ", ") + std::string{known};
  }
  refuse(field, std::string{keyword} + " is " + name.dump() + "; known are: " + all);
}

void read_reducer(json_field& field, const json& wanted, const json_reducer_functions& custom) {
  if (wanted.is_string()) {
    const auto own = custom.find(wanted.get<std::string>());
    if (own != custom.end() && own->second) {
      field.reducer = json_reducer::custom;
      field.function = own->second;
      return;
    }
  }
  if (!wanted.is_object()) {
    field.reducer = pick(reducers, wanted, field.name, "x-reducer");
    return;
  }
  const auto names = wanted.find("barrier");
  if (names == wanted.end() || wanted.size() != 1 || !names->is_array() || names->empty()) {
    refuse(field.name, R"(an x-reducer that is an object is {"barrier": ["name", ...]})");
  }
  field.reducer = json_reducer::barrier;
  for (const auto& name : *names) {
    if (!name.is_string()) refuse(field.name, "the names of a barrier are strings");
    field.awaited.push_back(name.get<std::string>());
  }
}

/// The value of a field that says nothing of it.
json empty_value(const json_field& field) {
  switch (field.reducer) {
    case json_reducer::append:
    case json_reducer::add_messages:
    case json_reducer::barrier:
      return json::array();
    case json_reducer::merge:
      return json::object();
    default:
      break;
  }
  const auto type = field.schema.find("type");
  if (type == field.schema.end() || !type->is_string()) return nullptr;
  const auto& name = type->get_ref<const std::string&>();
  if (name == "string") return "";
  if (name == "integer" || name == "number") return 0;
  if (name == "boolean") return false;
  if (name == "array") return json::array();
  if (name == "object") return json::object();
  return nullptr;
}

void check_type(const json_field& field, const char* wanted) {
  const auto type = field.schema.find("type");
  if (type != field.schema.end() && *type != wanted) {
    refuse(field.name, "the reducer needs the type \"" + std::string{wanted} + "\"");
  }
}

}  // namespace

json_field read_json_field(const std::string& name, const json& property, const json& definitions,
                           const json_reducer_functions& custom) {
  json_field field;
  field.name = name;
  field.definitions = definitions;
  if (name.empty()) refuse(name, "a field has a name");
  if (property.is_boolean() && property.get<bool>()) {
    field.schema = json::object();
    return field;
  }
  if (!property.is_object()) refuse(name, "the schema of a field is an object or true");
  field.schema = property;
  if (const auto wanted = property.find("x-reducer"); wanted != property.end()) {
    read_reducer(field, *wanted, custom);
  }
  if (const auto seen = property.find("x-visibility"); seen != property.end()) {
    field.seen = pick(visibilities, *seen, name, "x-visibility");
  }
  if (const auto text = property.find("description"); text != property.end() && text->is_string()) {
    field.text = text->get<std::string>();
  }
  for (const auto* ours : {"x-reducer", "x-visibility", "description", "default"}) {
    field.schema.erase(ours);
  }
  if (field.reducer == json_reducer::append) check_type(field, "array");
  if (field.reducer == json_reducer::merge) check_type(field, "object");
  const auto initial = property.find("default");
  field.initial = initial == property.end() ? empty_value(field) : *initial;
  return field;
}

}  // namespace mcp::core
