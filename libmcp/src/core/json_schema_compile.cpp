#include "json_schema_document.hpp"
#include "json_schema_index.hpp"
#include "json_schema_uri.hpp"
#include "json_schema_value.hpp"
#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, type_bit>, 7> type_names{{
    {"null", type_null},
    {"boolean", type_boolean},
    {"integer", type_integer},
    {"number", type_number},
    {"string", type_string},
    {"array", type_array},
    {"object", type_object},
}};

/// Fills in the nodes that the index has made.
class compiler {
 public:
  explicit compiler(document& target) : target_(target), index_(target) {}

  void run() {
    // Resolving references may add nodes behind the current one.
    for (node_index i = 0; i < target_.nodes.size(); ++i) compile(i);
    check_for_loops();
  }

 private:
  void compile(node_index index) {
    current_ = index;
    const json& place = index_.place(index);
    node filled;
    filled.resource = target_.nodes[index].resource;
    if (place.is_boolean()) {
      filled.never = !place.get<bool>();
    } else {
      references(place, filled);
      const auto& spelling = target_.resources[filled.resource].spelling;
      const bool alone = spelling.reference_stands_alone && place.contains("$ref");
      if (!alone) all_keywords(place, filled);
    }
    target_.nodes[index] = std::move(filled);
  }

  void all_keywords(const json& place, node& n) {
    general(place, n);
    numbers(place, n);
    strings(place, n);
    arrays(place, n);
    objects(place, n);
    dependencies(place, n);
    logic(place, n);
  }

  void references(const json& place, node& n) {
    if (const auto* v = find(place, "$ref")) {
      n.reference = index_.resolve(current_, text(*v, "$ref"), "$ref");
    }
    if (find(place, "$recursiveRef") != nullptr) {
      refuse(at("$recursiveRef"), "not supported; use $dynamicRef and draft 2020-12");
    }
    const auto* v = find(place, "$dynamicRef");
    if (v == nullptr) return;
    n.dynamic_reference = index_.resolve(current_, text(*v, "$dynamicRef"), "$dynamicRef");
    const auto& anchors =
        target_.resources[target_.nodes[n.dynamic_reference].resource].dynamic_anchors;
    auto name = fragment_of(v->get_ref<const std::string&>());
    const auto found = anchors.find(name);
    const bool dynamic = found != anchors.end() && found->second == n.dynamic_reference;
    if (dynamic) n.dynamic_name = std::move(name);
  }

  void general(const json& place, node& n) {
    if (const auto* v = find(place, "type")) {
      if (v->is_array()) {
        if (v->empty()) refuse(at("type"), "expected at least one type");
        for (const auto& name : *v) n.types = static_cast<std::uint8_t>(n.types | type(name));
      } else {
        n.types = type(*v);
      }
    }
    n.constant = find(place, "const");
    n.choices = find(place, "enum");
    if (n.choices != nullptr && !n.choices->is_array()) {
      refuse(at("enum"), "expected an array, found " + excerpt(*n.choices));
    }
  }

  void numbers(const json& place, node& n) {
    n.minimum = number(place, "minimum");
    n.maximum = number(place, "maximum");
    n.exclusive_minimum = number(place, "exclusiveMinimum");
    n.exclusive_maximum = number(place, "exclusiveMaximum");
    n.multiple_of = number(place, "multipleOf");
    if (n.multiple_of != nullptr && !(compare_numbers(*n.multiple_of, json(0)) > 0)) {
      refuse(at("multipleOf"), "expected a number above 0, found " + excerpt(*n.multiple_of));
    }
  }

  void strings(const json& place, node& n) {
    n.min_length = count(place, "minLength", n.min_length);
    n.max_length = count(place, "maxLength", n.max_length);
    if (const auto* v = find(place, "pattern")) {
      n.text_pattern = target_.patterns.add(text(*v, "pattern"), at("pattern"));
    }
  }

  void arrays(const json& place, node& n) {
    n.min_items = count(place, "minItems", n.min_items);
    n.max_items = count(place, "maxItems", n.max_items);
    n.min_contains = count(place, "minContains", n.min_contains);
    n.max_contains = count(place, "maxContains", n.max_contains);
    n.contains = schema(place, "contains");
    n.unevaluated_items = schema(place, "unevaluatedItems");
    n.prefix_items = schemas(place, "prefixItems");
    const auto* items = find(place, "items");
    if (items != nullptr && items->is_array()) {
      if (!target_.resources[n.resource].spelling.array_items) {
        refuse(at("items"),
               "expected a schema, found an array; draft 2020-12 calls it prefixItems");
      }
      n.prefix_items = schemas(place, "items");
      n.items = schema(place, "additionalItems");
    } else {
      n.items = schema(place, "items");
    }
    if (const auto* v = find(place, "uniqueItems")) {
      if (!v->is_boolean()) {
        refuse(at("uniqueItems"), "expected a boolean, found " + excerpt(*v));
      }
      n.unique_items = v->get<bool>();
    }
  }

  void objects(const json& place, node& n) {
    n.min_properties = count(place, "minProperties", n.min_properties);
    n.max_properties = count(place, "maxProperties", n.max_properties);
    n.additional_properties = schema(place, "additionalProperties");
    n.property_names = schema(place, "propertyNames");
    n.unevaluated_properties = schema(place, "unevaluatedProperties");
    if (const auto* v = find(place, "required")) n.required = names(*v, at("required"));
    if (const auto* v = find(place, "properties")) {
      for (auto p = v->begin(); p != v->end(); ++p) {
        n.properties.emplace(p.key(), index_.at(p.value()));
      }
    }
    if (const auto* v = find(place, "patternProperties")) {
      for (auto p = v->begin(); p != v->end(); ++p) {
        const auto* key = target_.patterns.add(p.key(), extended(at("patternProperties"), p.key()));
        n.pattern_properties.emplace_back(key, index_.at(p.value()));
      }
    }
  }

  void dependencies(const json& place, node& n) {
    for (const auto* keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
      const auto* v = find(place, keyword);
      if (v == nullptr) continue;
      if (!v->is_object()) refuse(at(keyword), "expected an object, found " + excerpt(*v));
      const bool lists_only = std::string_view{keyword} == "dependentRequired";
      for (auto p = v->begin(); p != v->end(); ++p) {
        if (lists_only || p.value().is_array()) {
          auto required = names(p.value(), extended(at(keyword), p.key()));
          n.dependent_required.push_back({p.key(), std::move(required)});
        } else {
          n.dependent_schemas.emplace_back(p.key(), index_.at(p.value()));
        }
      }
    }
  }

  void logic(const json& place, node& n) {
    n.all_of = alternatives(place, "allOf");
    n.any_of = alternatives(place, "anyOf");
    n.one_of = alternatives(place, "oneOf");
    n.negated = schema(place, "not");
    n.condition = schema(place, "if");
    n.consequence = schema(place, "then");
    n.alternative = schema(place, "else");
  }

  /// Refuses chains of references that come back to themselves: they could check no value.
  void check_for_loops() {
    std::vector<node_index> seen_from(target_.nodes.size(), no_node);
    for (node_index start = 0; start < target_.nodes.size(); ++start) {
      node_index i = start;
      for (; i != no_node && seen_from[i] == no_node; i = target_.nodes[i].reference) {
        seen_from[i] = start;
      }
      if (i != no_node && seen_from[i] == start) {
        refuse(extended(index_.pointer(i), "$ref"), "the reference leads back to itself");
      }
    }
  }

  static const json* find(const json& place, const char* keyword) {
    const auto found = place.find(keyword);
    return found == place.end() ? nullptr : &*found;
  }

  std::string at(std::string_view keyword) const {
    return extended(index_.pointer(current_), keyword);
  }

  const std::string& text(const json& value, const char* keyword) const {
    if (!value.is_string()) refuse(at(keyword), "expected a string, found " + excerpt(value));
    return value.get_ref<const std::string&>();
  }

  std::uint8_t type(const json& value) const {
    for (const auto& [name, bit] : type_names) {
      if (value.is_string() && value.get_ref<const std::string&>() == name) return bit;
    }
    refuse(at("type"), "there is no type " + excerpt(value));
  }

  const json* number(const json& place, const char* keyword) const {
    const auto* value = find(place, keyword);
    if (value != nullptr && !value->is_number()) {
      refuse(at(keyword), "expected a number, found " + excerpt(*value));
    }
    return value;
  }

  std::uint64_t count(const json& place, const char* keyword, std::uint64_t otherwise) const {
    const auto* value = find(place, keyword);
    if (value == nullptr) return otherwise;
    if (!value->is_number() || !is_integral(*value) || compare_numbers(*value, json(0)) < 0) {
      refuse(at(keyword), "expected an integer, 0 or more, found " + excerpt(*value));
    }
    const bool huge = !(compare_numbers(*value, json(no_limit)) < 0);
    return huge ? no_limit : value->get<std::uint64_t>();
  }

  node_index schema(const json& place, const char* keyword) const {
    const auto* value = find(place, keyword);
    return value == nullptr ? no_node : index_.at(*value);
  }

  std::vector<node_index> schemas(const json& place, const char* keyword) const {
    std::vector<node_index> result;
    if (const auto* list = find(place, keyword)) {
      for (const auto& item : *list) result.push_back(index_.at(item));
    }
    return result;
  }

  std::vector<node_index> alternatives(const json& place, const char* keyword) const {
    auto result = schemas(place, keyword);
    if (result.empty() && find(place, keyword) != nullptr) {
      refuse(at(keyword), "expected at least one schema");
    }
    return result;
  }

  std::vector<std::string_view> names(const json& value, const std::string& where) const {
    if (!value.is_array()) refuse(where, "expected an array of strings, found " + excerpt(value));
    std::vector<std::string_view> result;
    for (const auto& name : value) {
      if (!name.is_string()) refuse(where, "expected a string, found " + excerpt(name));
      result.emplace_back(name.get_ref<const std::string&>());
    }
    return result;
  }

  document& target_;
  schema_index index_;
  node_index current_ = 0;
};

}  // namespace

document::document(json schema) : source(std::move(schema)) {
  if (deeper_than(source, json_schema_limits::schema_depth)) {
    throw error(errc::too_large, "a JSON Schema may be nested " +
                                     std::to_string(json_schema_limits::schema_depth) +
                                     " levels deep");
  }
  compiler{*this}.run();
}

}  // namespace mcp::core::schema
