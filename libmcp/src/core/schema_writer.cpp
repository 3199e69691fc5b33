#include "mcp/schema_writer.hpp"

#include <array>

namespace mcp {

std::string schema_writer::definition_name(std::string_view name, const std::type_info& id) {
  const auto known = names_.find(id);
  if (known != names_.end()) return known->second;
  std::string made{name};
  for (int n = 2; definitions_.contains(made); ++n) made = std::string{name} + std::to_string(n);
  return names_[id] = made;
}

bool schema_writer::begin_definition(std::string_view name) {
  return definitions_.try_emplace(std::string{name}, "true").second;
}

void schema_writer::define(std::string_view name, std::string schema) {
  definitions_.insert_or_assign(std::string{name}, std::move(schema));
}

std::string schema_writer::reference(std::string_view name) {
  return R"({"$ref":"#/$defs/)" + std::string{name} + "\"}";
}

std::string schema_writer::object(const std::vector<schema_property>& properties) {
  std::string result = R"({"type":"object","properties":{)";
  std::string required;
  const char* comma = "";
  for (const auto& property : properties) {
    result += comma + quote(property.name) + ":";
    comma = ",";
    std::string extra;
    if (!property.text.empty()) extra += R"(,"description":)" + quote(property.text);
    if (!property.default_json.empty()) {
      extra += R"(,"default":)" + property.default_json;
    } else {
      required += (required.empty() ? "" : ",") + quote(property.name);
    }
    std::string schema = property.schema;
    const bool empty = schema == "{}";
    schema.insert(schema.size() - 1, empty && !extra.empty() ? extra.substr(1) : extra);
    result += schema;
  }
  result += R"(},"additionalProperties":false)";
  if (!required.empty()) result += R"(,"required":[)" + required + "]";
  return result + "}";
}

std::string schema_writer::enumeration(const std::vector<std::string_view>& names) {
  std::string result;
  for (const auto name : names) result += (result.empty() ? "" : ",") + quote(name);
  return R"({"enum":[)" + result + "]}";
}

std::string schema_writer::quote(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20) {
      result += "\\u00";
      result += digits[byte >> 4U];
      result += digits[byte & 0xfU];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string schema_writer::document(std::string root) const {
  std::string extra = R"("$schema":"https://json-schema.org/draft/2020-12/schema",)";
  root.insert(1, extra);
  if (definitions_.empty()) return root;
  std::string definitions;
  for (const auto& [name, schema] : definitions_) {
    definitions += (definitions.empty() ? "" : ",") + quote(name) + ":" + schema;
  }
  root.insert(root.size() - 1, R"(,"$defs":{)" + definitions + "}");
  return root;
}

}  // namespace mcp
