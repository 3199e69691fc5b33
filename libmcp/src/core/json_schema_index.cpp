#include "json_schema_index.hpp"

#include "json_schema_uri.hpp"
#include "json_schema_value.hpp"
#include "mcp/error.hpp"
#include "mcp/json_schema.hpp"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {
namespace {

using nlohmann::json;

enum class holds { schema, list, map, schema_or_list, dependencies };

constexpr std::array<std::pair<const char*, holds>, 22> keywords{{
    {"$defs", holds::map},
    {"additionalItems", holds::schema},
    {"additionalProperties", holds::schema},
    {"allOf", holds::list},
    {"anyOf", holds::list},
    {"contains", holds::schema},
    {"contentSchema", holds::schema},
    {"definitions", holds::map},
    {"dependencies", holds::dependencies},
    {"dependentSchemas", holds::map},
    {"else", holds::schema},
    {"if", holds::schema},
    {"items", holds::schema_or_list},
    {"not", holds::schema},
    {"oneOf", holds::list},
    {"patternProperties", holds::map},
    {"prefixItems", holds::list},
    {"properties", holds::map},
    {"propertyNames", holds::schema},
    {"then", holds::schema},
    {"unevaluatedItems", holds::schema},
    {"unevaluatedProperties", holds::schema},
}};

dialect dialect_of(std::string_view meta_schema) {
  const auto says = [meta_schema](std::string_view draft) {
    return meta_schema.find(draft) != std::string_view::npos;
  };
  if (says("json-schema.org/draft-0")) return {true, true, true};
  if (says("json-schema.org/draft/2019-09")) return {false, false, true};
  return {};
}

std::string place_name(std::string_view at) {
  return at.empty() ? "JSON Schema, at its root: "
                    : "JSON Schema, at " + quote(at, json_schema_limits::pointer_bytes) + ": ";
}

/// The next token of a JSON pointer, unescaped; moves `pointer` behind it.
std::string next_token(std::string_view& pointer) {
  pointer.remove_prefix(1);
  const auto raw = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(raw.size());
  std::string token;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool escape =
        raw[i] == '~' && i + 1 < raw.size() && raw[i + 1] >= '0' && raw[i + 1] < '2';
    token += !escape ? raw[i] : raw[++i] == '0' ? '~' : '/';
  }
  return token;
}

const json* child(const json& place, const std::string& token) {
  if (place.is_object()) {
    const auto found = place.find(token);
    return found == place.end() ? nullptr : &*found;
  }
  constexpr std::size_t longest_index = 9;
  if (!place.is_array() || token.empty() || token.size() > longest_index) return nullptr;
  if (token.find_first_not_of("0123456789") != std::string::npos) return nullptr;
  if (token.size() > 1 && token[0] == '0') return nullptr;
  const auto index = std::stoul(token);
  return index < place.size() ? &place[index] : nullptr;
}

}  // namespace

void refuse(std::string_view at, const std::string& problem) {
  throw error(errc::invalid_schema, place_name(at) + problem);
}

void refuse_size(std::string_view at, const std::string& limit) {
  throw error(errc::too_large, place_name(at) + limit);
}

std::string extended(const std::string& at, std::string_view token) {
  std::string result = at;
  append_token(result, token.substr(0, json_schema_limits::pointer_bytes));
  return shortened(result, json_schema_limits::pointer_bytes);
}

schema_index::schema_index(document& target) : target_(target) {
  target_.resources.emplace_back();
  by_uri_.emplace("", 0);
  add(target_.source, 0, "");
}

node_index schema_index::at(const json& place) const {
  return by_place_.at(&place);
}

node_index schema_index::add(const json& place, std::uint32_t resource,
                             const std::string& pointer) {
  if (const auto known = by_place_.find(&place); known != by_place_.end()) return known->second;
  if (!place.is_object() && !place.is_boolean()) {
    refuse(pointer, "expected a schema (an object or a boolean), found " + excerpt(place));
  }
  if (target_.nodes.size() == json_schema_limits::schema_nodes) {
    refuse_size(pointer, "a document may hold " + std::to_string(json_schema_limits::schema_nodes) +
                             " schemas");
  }
  const auto node = static_cast<node_index>(target_.nodes.size());
  target_.nodes.emplace_back();
  places_.push_back(&place);
  pointers_.push_back(pointer);
  by_place_.emplace(&place, node);
  if (place.is_object()) resource = enter_resource(place, resource, node);
  target_.nodes[node].resource = resource;
  if (place.is_object()) add_children(place, resource, pointer);
  return node;
}

void schema_index::add_children(const json& place, std::uint32_t resource,
                                const std::string& pointer) {
  for (const auto& [keyword, kind] : keywords) {
    const auto found = place.find(keyword);
    if (found == place.end()) continue;
    const auto inner = extended(pointer, keyword);
    const bool is_list =
        kind == holds::list || (kind == holds::schema_or_list && found->is_array());
    if (is_list) {
      add_list(*found, resource, inner);
    } else if (kind == holds::map || kind == holds::dependencies) {
      add_map(*found, resource, inner, kind == holds::map);
    } else {
      add(*found, resource, inner);
    }
  }
}

void schema_index::add_list(const json& list, std::uint32_t resource, const std::string& pointer) {
  if (!list.is_array()) refuse(pointer, "expected an array of schemas, found " + excerpt(list));
  for (std::size_t i = 0; i < list.size(); ++i) {
    add(list[i], resource, extended(pointer, std::to_string(i)));
  }
}

void schema_index::add_map(const json& map, std::uint32_t resource, const std::string& pointer,
                           bool schemas_only) {
  if (!map.is_object()) refuse(pointer, "expected an object, found " + excerpt(map));
  for (const auto& [key, value] : map.items()) {
    if (schemas_only || !value.is_array()) add(value, resource, extended(pointer, key));
  }
}

const std::string* schema_index::text(const json& place, const char* keyword,
                                      node_index node) const {
  const auto found = place.find(keyword);
  if (found == place.end()) return nullptr;
  if (!found->is_string()) {
    refuse(extended(pointers_[node], keyword), "expected a string, found " + excerpt(*found));
  }
  return &found->get_ref<const std::string&>();
}

std::uint32_t schema_index::enter_resource(const json& place, std::uint32_t current,
                                           node_index node) {
  dialect spelling = target_.resources[current].spelling;
  const auto* id = text(place, "$id", node);
  const auto* meta_schema = text(place, "$schema", node);
  if (meta_schema != nullptr && (id != nullptr || node == 0)) spelling = dialect_of(*meta_schema);
  if (node == 0) target_.resources[0].spelling = spelling;
  if (spelling.reference_stands_alone && place.contains("$ref")) return current;
  if (id != nullptr) current = identify(*id, current, spelling, node);
  add_anchor(place, "$anchor", current, node);
  add_anchor(place, "$dynamicAnchor", current, node);
  return current;
}

std::uint32_t schema_index::identify(const std::string& id, std::uint32_t current,
                                     const dialect& spelling, node_index node) {
  const auto anchor = fragment_of(id);
  if (!anchor.empty() && !spelling.anchor_in_id) {
    refuse(extended(pointers_[node], "$id"), "an identifier has no fragment; use $anchor");
  }
  if (!id.starts_with('#') && !id.empty()) {
    const auto uri = resolve_uri(target_.resources[current].uri, id);
    if (uri.size() > json_schema_limits::uri_bytes) {
      refuse_size(extended(pointers_[node], "$id"),
                  "an absolute identifier may have " +
                      std::to_string(json_schema_limits::uri_bytes) + " bytes");
    }
    if (node == 0) {
      target_.resources[0].uri = uri;
    } else {
      current = static_cast<std::uint32_t>(target_.resources.size());
      target_.resources.push_back({uri, node, spelling, {}, {}});
    }
    if (!uri.empty() && !by_uri_.emplace(uri, current).second) {
      refuse(extended(pointers_[node], "$id"), "a second schema has the identifier " + quote(uri));
    }
  }
  if (!anchor.empty()) target_.resources[current].anchors.emplace(anchor, node);
  return current;
}

void schema_index::add_anchor(const json& place, const char* keyword, std::uint32_t resource,
                              node_index node) {
  const auto* name = text(place, keyword, node);
  if (name == nullptr) return;
  auto& owner = target_.resources[resource];
  const bool added = owner.anchors.emplace(*name, node).second;
  if (!added && owner.anchors.at(*name) != node) {
    refuse(extended(pointers_[node], keyword), "a second schema has the anchor " + quote(*name));
  }
  if (std::string_view{keyword} == "$dynamicAnchor") owner.dynamic_anchors.emplace(*name, node);
}

node_index schema_index::resolve(node_index from, const std::string& reference,
                                 std::string_view keyword) {
  const auto where = extended(pointers_[from], keyword);
  const auto& base = target_.resources[target_.nodes[from].resource].uri;
  const auto uri = resolve_uri(base, reference);
  const auto found = by_uri_.find(uri);
  if (found == by_uri_.end()) {
    refuse(where, "no schema in this document has the identifier " + quote(uri) +
                      ", and other documents are not fetched");
  }
  const auto& owner = target_.resources[found->second];
  const auto fragment = fragment_of(reference);
  if (fragment.empty()) return owner.root;
  if (fragment.starts_with('/')) return follow(owner, fragment, where, reference);
  const auto anchor = owner.anchors.find(fragment);
  if (anchor == owner.anchors.end()) {
    refuse(where, "there is no anchor " + quote(fragment) + " in the schema referred to");
  }
  return anchor->second;
}

node_index schema_index::follow(const resource& start, const std::string& pointer,
                                const std::string& from, const std::string& reference) {
  const json* place = places_[start.root];
  std::string where = pointers_[start.root];
  std::uint32_t owner = target_.nodes[start.root].resource;
  for (std::string_view rest = pointer; !rest.empty();) {
    const auto token = next_token(rest);
    place = child(*place, token);
    if (place == nullptr) refuse(from, quote(reference) + " leads to a place that does not exist");
    where = extended(where, token);
    if (const auto known = by_place_.find(place); known != by_place_.end()) {
      owner = target_.nodes[known->second].resource;
    }
  }
  return add(*place, owner, where);
}

}  // namespace mcp::core::schema
