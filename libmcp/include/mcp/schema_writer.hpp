#pragma once

#include "mcp/export.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <vector>

namespace mcp {

/// A property of an object schema under construction.
struct schema_property {
  std::string_view name;
  std::string_view text{};     ///< description; may be empty
  std::string schema{};        ///< JSON text
  std::string default_json{};  ///< JSON text; empty: no default
};

/// Collects the JSON Schema of a type: described structs become entries of `$defs`, so that types
/// that contain themselves are possible. Not thread-safe.
class MCP_EXPORT schema_writer {
 public:
  /// The name of the definition of the type `id`: `name`, with a number behind it when another type
  /// has that name already.
  [[nodiscard]] std::string definition_name(std::string_view name, const std::type_info& id);
  /// True once per name: the caller then makes the schema and hands it to `define`.
  [[nodiscard]] bool begin_definition(std::string_view name);
  void define(std::string_view name, std::string schema);
  /// `{"$ref":"#/$defs/NAME"}`
  [[nodiscard]] static std::string reference(std::string_view name);
  [[nodiscard]] static std::string object(const std::vector<schema_property>& properties);
  [[nodiscard]] static std::string enumeration(const std::vector<std::string_view>& names);
  /// `text` as a JSON string, with quotes.
  [[nodiscard]] static std::string quote(std::string_view text);

  /// The whole document: `root`, `$schema` and the definitions.
  [[nodiscard]] std::string document(std::string root) const;

 private:
  std::map<std::string, std::string, std::less<>> definitions_;
  std::map<std::type_index, std::string> names_;  ///< of definitions that have a type
};

}  // namespace mcp
