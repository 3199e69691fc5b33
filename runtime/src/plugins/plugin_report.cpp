#include "plugins/plugin_report.hpp"

namespace mcp::cluster {
namespace {

using nlohmann::ordered_json;

ordered_json schema_of(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json::parse(text);
}

template <class Offers>
ordered_json makers(const Offers& offers) {
  auto list = ordered_json::array();
  for (const auto& one : offers) {
    list.push_back({{"name", one.name},
                    {"description", one.description},
                    {"options", schema_of(one.options_schema)}});
  }
  return list;
}

ordered_json schema_of(const value_type* type) {
  if (type == nullptr) return nullptr;
  schema_writer writer;
  return ordered_json::parse(writer.document(type->schema(writer)));
}

ordered_json agents(const plugin& offers) {
  auto list = ordered_json::array();
  for (const auto& one : offers.agents()) {
    auto messages = ordered_json::array();
    for (const auto& handler : one.spec.handlers) {
      messages.push_back({{"name", handler.name},
                          {"content", schema_of(handler.message)},
                          {"reply", schema_of(handler.reply)}});
    }
    list.push_back(
        {{"name", one.spec.type}, {"description", one.description}, {"messages", messages}});
  }
  return list;
}

/// A schema that is no more than a reference, followed.
const ordered_json& followed(const ordered_json& schema, const ordered_json& root) {
  constexpr std::string_view inside = "#/$defs/";
  const auto reference = schema.find("$ref");
  if (reference == schema.end() || !reference->is_string()) return schema;
  const auto& target = reference->get_ref<const std::string&>();
  const auto definitions = root.find("$defs");
  if (!target.starts_with(inside) || definitions == root.end()) return schema;
  const auto found = definitions->find(target.substr(inside.size()));
  return found == definitions->end() ? schema : *found;
}

std::string kind_of(const ordered_json& schema) {
  const auto type = schema.find("type");
  if (type == schema.end()) return "any value";
  return type->is_string() ? type->get<std::string>() : type->dump();
}

/// The fields of an object, a line each.
std::string fields_text(const ordered_json& root, const std::string& indent) {
  std::string text;
  const auto& schema = followed(root, root);
  const auto properties = schema.find("properties");
  if (properties == schema.end()) return text;
  for (const auto& [name, field] : properties->items()) {
    text += indent + name + ": " + kind_of(followed(field, root));
    if (const auto initial = field.find("default"); initial != field.end()) {
      text += ", by default " + initial->dump();
    }
    if (const auto about = field.find("description"); about != field.end() && about->is_string()) {
      text += "; " + about->get<std::string>();
    }
    text += '\n';
  }
  return text;
}

std::string thing_text(const std::string& kind, const ordered_json& thing) {
  auto text = "  " + kind + " " + thing.at("name").get<std::string>();
  const auto& about = thing.at("description").get_ref<const std::string&>();
  return text + (about.empty() ? "" : ": " + about) + '\n';
}

}  // namespace

ordered_json to_report(const loaded_plugin& plugin) {
  auto reducers = ordered_json::array();
  for (const auto& one : plugin.offers.reducers()) {
    reducers.push_back({{"name", one.name}, {"description", one.description}});
  }
  return {{"name", plugin.name},
          {"version", plugin.version},
          {"description", plugin.description},
          {"abi", plugin_abi},
          {"config", schema_of(plugin.offers.config_schema())},
          {"nodes", makers(plugin.offers.nodes())},
          {"tools", makers(plugin.offers.tools())},
          {"models", makers(plugin.offers.models())},
          {"reducers", reducers},
          {"agents", agents(plugin.offers)}};
}

std::string to_text(const loaded_plugin& plugin) {
  const auto report = to_report(plugin);
  auto text = plugin.name + " " + plugin.version;
  if (!plugin.description.empty()) text += ": " + plugin.description;
  text += '\n';
  if (!report.at("config").is_null()) {
    text += "  config\n" + fields_text(report.at("config"), "    ");
  }
  for (const auto* kind : {"node", "tool", "model"}) {
    for (const auto& thing : report.at(std::string{kind} + "s")) {
      text += thing_text(kind, thing) + fields_text(thing.at("options"), "    ");
    }
  }
  for (const auto& thing : report.at("reducers")) text += thing_text("reducer", thing);
  for (const auto& thing : report.at("agents")) {
    text += thing_text("agent", thing);
    for (const auto& message : thing.at("messages")) {
      text += "    message " + message.at("name").get<std::string>() + '\n' +
              fields_text(message.at("content"), "      ");
    }
  }
  return text;
}

}  // namespace mcp::cluster
