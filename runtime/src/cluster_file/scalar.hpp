#pragma once

#include "cluster_file/yaml_tree.hpp"
#include "mcp/policy.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

namespace mcp::cluster {

/// A node as JSON: scalars that are not quoted become null, booleans and numbers by YAML's core
/// schema.
[[nodiscard]] nlohmann::json to_json(const yaml_node& node);

/// "500ms", "30s", "10m", "2h", "30d": a whole number and a unit, at most ten years. Nothing: it is
/// none.
[[nodiscard]] std::optional<milliseconds> parse_duration(std::string_view text) noexcept;

/// The value of an environment variable, or nothing.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The process's own.
[[nodiscard]] environment process_environment();

/// Replaces "${NAME}" and "${NAME:-default}" in the scalars of a tree, but not below the key "lua".
/// "$${" stands for "${". A variable that is not set is a problem, and so is one that holds a key.
void substitute(yaml_node& node, const environment& variables, problem_list& problems);

}  // namespace mcp::cluster
