#pragma once

#include "cluster_file/problem_list.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::cluster {

/// Largest file, in bytes.
inline constexpr std::size_t max_yaml_bytes = 1u << 20;
/// Deepest nesting of mappings and lists.
inline constexpr int max_yaml_depth = 64;
/// Most mappings, lists and scalars, those that aliases stand for included.
inline constexpr std::size_t max_yaml_nodes = 10'000;

/// A part of a YAML document with its place. A value type.
struct yaml_node {
  enum class kind : std::uint8_t { null, scalar, list, map };
  struct entry;

  kind what = kind::null;
  bool quoted = false;  ///< a scalar that is a text whatever it looks like
  bool block = false;   ///< a scalar after '|' or '>', which starts in the next line
  file_position at{};
  std::string text{};  ///< of a scalar
  std::vector<yaml_node> items;
  std::vector<entry> entries;  ///< in the order of the file; keys are unique

  [[nodiscard]] bool is(kind wanted) const noexcept { return what == wanted; }
  /// Null when there is no such key.
  [[nodiscard]] const yaml_node* find(std::string_view key) const noexcept;
};
struct yaml_node::entry {
  std::string key;
  file_position at;
  yaml_node value;
};

/// "a mapping", "a list", "a text", "nothing".
[[nodiscard]] std::string_view name(yaml_node::kind what) noexcept;

/// Reads one document. What is wrong goes into `problems`; nothing: there is no tree.
[[nodiscard]] std::optional<yaml_node> read_yaml(std::string_view text, problem_list& problems);

}  // namespace mcp::cluster
