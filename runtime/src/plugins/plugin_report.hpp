#pragma once

#include "plugins/loaded_plugin.hpp"

#include <string>

#include <nlohmann/json.hpp>

/// What a plugin offers, for people and for programs. Pure.
namespace mcp::cluster {

/// {name, version, description, abi, config, nodes, tools, models, reducers, agents}: things with
/// their names, descriptions and JSON Schemas.
[[nodiscard]] nlohmann::ordered_json to_report(const loaded_plugin& plugin);

/// The same as lines of text.
[[nodiscard]] std::string to_text(const loaded_plugin& plugin);

}  // namespace mcp::cluster
