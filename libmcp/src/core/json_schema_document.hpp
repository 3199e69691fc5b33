#pragma once

#include "json_schema_pattern_set.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::core::schema {

using node_index = std::uint32_t;
inline constexpr node_index no_node = std::numeric_limits<node_index>::max();
inline constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

/// Bits of `node::types`.
enum type_bit : std::uint8_t {
  type_null = 1,
  type_boolean = 2,
  type_integer = 4,
  type_number = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64,
};

/// A set of strings that a property asks for.
struct dependency {
  std::string_view key;
  std::vector<std::string_view> required;
};

/// One schema of the document, ready to be applied. Pointers and views lead into the document.
struct node {
  std::uint32_t resource = 0;
  bool never = false;      ///< the schema `false`
  std::uint8_t types = 0;  ///< set of type_bit; 0: any
  bool unique_items = false;

  node_index reference = no_node;
  node_index dynamic_reference = no_node;
  std::string dynamic_name;  ///< not empty: the outermost such anchor in scope takes precedence

  const nlohmann::json* constant = nullptr;
  const nlohmann::json* choices = nullptr;
  const nlohmann::json* minimum = nullptr;
  const nlohmann::json* maximum = nullptr;
  const nlohmann::json* exclusive_minimum = nullptr;
  const nlohmann::json* exclusive_maximum = nullptr;
  const nlohmann::json* multiple_of = nullptr;

  std::uint64_t min_length = 0;
  std::uint64_t max_length = no_limit;
  const pattern* text_pattern = nullptr;

  std::uint64_t min_items = 0;
  std::uint64_t max_items = no_limit;
  std::vector<node_index> prefix_items;
  node_index items = no_node;  ///< for what follows prefix_items
  node_index contains = no_node;
  std::uint64_t min_contains = 1;
  std::uint64_t max_contains = no_limit;
  node_index unevaluated_items = no_node;

  std::uint64_t min_properties = 0;
  std::uint64_t max_properties = no_limit;
  std::map<std::string_view, node_index> properties;
  std::vector<std::pair<const pattern*, node_index>> pattern_properties;
  node_index additional_properties = no_node;
  node_index property_names = no_node;
  node_index unevaluated_properties = no_node;
  std::vector<std::string_view> required;
  std::vector<dependency> dependent_required;
  std::vector<std::pair<std::string_view, node_index>> dependent_schemas;

  std::vector<node_index> all_of;
  std::vector<node_index> any_of;
  std::vector<node_index> one_of;
  node_index negated = no_node;
  node_index condition = no_node;
  node_index consequence = no_node;
  node_index alternative = no_node;
};

/// How keywords are spelled.
struct dialect {
  bool reference_stands_alone = false;  ///< siblings of $ref are ignored (up to draft-07)
  bool anchor_in_id = false;            ///< "$id": "#name" (draft-06, draft-07)
  bool array_items = false;             ///< "items": [...], "additionalItems" (up to 2019-09)
};

/// A schema with an identifier of its own, and what is named inside it.
struct resource {
  std::string uri;
  node_index root = 0;
  dialect spelling;
  std::map<std::string, node_index, std::less<>> anchors;
  std::map<std::string, node_index, std::less<>> dynamic_anchors;
};

/// A compiled schema. Not movable: nodes point into `source`.
class document {
 public:
  /// Throws `mcp::error`, see json_schema.
  explicit document(nlohmann::json schema);
  document(const document&) = delete;
  document& operator=(const document&) = delete;

  nlohmann::json source;
  std::vector<node> nodes;  ///< the first one is the schema itself
  std::vector<resource> resources;
  pattern_set patterns;
};

}  // namespace mcp::core::schema
