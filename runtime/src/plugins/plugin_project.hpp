#pragma once

#include <map>
#include <string>

namespace mcp::cluster {

/// The files of a new plugin's project, by name: source, test, cluster file, build. `name` is that
/// of the plugin. Pure.
[[nodiscard]] std::map<std::string, std::string> plugin_project(const std::string& name);

}  // namespace mcp::cluster
