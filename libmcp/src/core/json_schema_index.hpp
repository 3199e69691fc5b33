#pragma once

#include "json_schema_document.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mcp::core::schema {

/// Throws `invalid_schema` for the place with the JSON pointer `at` in the schema.
[[noreturn]] void refuse(std::string_view at, const std::string& problem);
/// Throws `too_large`, the same way.
[[noreturn]] void refuse_size(std::string_view at, const std::string& limit);
/// The pointer extended by a token, cut at `json_schema_limits::pointer_bytes`.
[[nodiscard]] std::string extended(const std::string& at, std::string_view token);

/// Finds the schemas within a document, gives each a node, and knows what they are called.
class schema_index {
 public:
  /// Adds a node for the schema at the document's root and for every schema inside it.
  explicit schema_index(document& target);

  /// The node of the schema at this place; there has to be one.
  [[nodiscard]] node_index at(const nlohmann::json& place) const;
  [[nodiscard]] const nlohmann::json& place(node_index node) const { return *places_[node]; }
  [[nodiscard]] const std::string& pointer(node_index node) const { return pointers_[node]; }

  /// The node a reference made in `from` leads to. May add nodes, because a reference can lead to
  /// a place no keyword marks as a schema. Throws `invalid_schema` when it leads nowhere.
  [[nodiscard]] node_index resolve(node_index from, const std::string& reference,
                                   std::string_view keyword);

 private:
  node_index add(const nlohmann::json& place, std::uint32_t resource, const std::string& pointer);
  void add_children(const nlohmann::json& place, std::uint32_t resource,
                    const std::string& pointer);
  void add_list(const nlohmann::json& list, std::uint32_t resource, const std::string& pointer);
  void add_map(const nlohmann::json& map, std::uint32_t resource, const std::string& pointer,
               bool schemas_only);
  std::uint32_t enter_resource(const nlohmann::json& place, std::uint32_t resource,
                               node_index node);
  std::uint32_t identify(const std::string& id, std::uint32_t current, const dialect& spelling,
                         node_index node);
  void add_anchor(const nlohmann::json& place, const char* keyword, std::uint32_t resource,
                  node_index node);
  [[nodiscard]] node_index follow(const resource& start, const std::string& pointer,
                                  const std::string& from, const std::string& reference);
  [[nodiscard]] const std::string* text(const nlohmann::json& place, const char* keyword,
                                        node_index node) const;

  document& target_;
  std::vector<const nlohmann::json*> places_;
  std::vector<std::string> pointers_;
  std::unordered_map<const nlohmann::json*, node_index> by_place_;
  std::map<std::string, std::uint32_t, std::less<>> by_uri_;
};

}  // namespace mcp::core::schema
