#pragma once

#include "cluster_file/scalar.hpp"
#include "cluster_file/yaml_tree.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mcp::cluster {

/// A name in the file with its place.
struct placed_name {
  std::string name{};
  file_position at{};
};

/// Reads a mapping strictly: each key that was never asked for is a problem, and so is each value
/// of a wrong type. Asking for a key that is not there gives nothing, or the default.
class map_reader {
 public:
  /// `what` names the mapping in messages: "a node". What is no mapping is a problem.
  map_reader(const yaml_node& node, std::string what, problem_list& problems);
  map_reader(const map_reader&) = delete;
  map_reader& operator=(const map_reader&) = delete;
  /// Reports the keys that nobody asked for.
  ~map_reader();

  [[nodiscard]] file_position at() const noexcept { return node_.at; }
  [[nodiscard]] file_position at(std::string_view key) const noexcept;
  [[nodiscard]] problem_list& problems() const noexcept { return problems_; }
  [[nodiscard]] bool has(std::string_view key) const noexcept;

  /// Null when it is not there. The caller checks what it is.
  const yaml_node* any(std::string_view key);
  const yaml_node* map(std::string_view key);
  const yaml_node* list(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::string text_or(std::string_view key, std::string otherwise);
  /// A text with its place; for the names of things.
  std::optional<placed_name> name(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least = 0,
                                      std::int64_t most = std::numeric_limits<std::int64_t>::max());
  std::optional<double> number(std::string_view key, double least, double most);
  std::optional<bool> boolean(std::string_view key);
  std::optional<milliseconds> duration(std::string_view key);
  /// A list of texts; one text counts as a list of one.
  std::vector<placed_name> names(std::string_view key);
  /// One of the words; the index in the list.
  std::optional<std::size_t> word(std::string_view key, const std::vector<std::string>& known);
  nlohmann::json value(std::string_view key);

  /// A problem of a key's value.
  void wrong(std::string_view key, std::string message, std::string advice = {});

 private:
  const yaml_node* scalar(std::string_view key, std::string_view wanted);
  const yaml_node* of(std::string_view key, yaml_node::kind wanted);

  const yaml_node& node_;
  std::string what_;
  problem_list& problems_;
  std::set<std::string, std::less<>> asked_;
};

/// The texts of a list, or one text.
[[nodiscard]] std::vector<placed_name> names_of(const yaml_node& node, std::string_view what,
                                                problem_list& problems);

}  // namespace mcp::cluster
