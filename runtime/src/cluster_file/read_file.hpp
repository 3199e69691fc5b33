#pragma once

#include "cluster_file/description.hpp"

#include <optional>
#include <string>

namespace mcp::cluster {

/// The bytes of a file; what is wrong with it is a problem.
[[nodiscard]] std::optional<std::string> read_bytes(const std::string& path,
                                                    problem_list& problems);

/// Reads the text of a cluster file. `path` is for messages and relative paths. Nothing: it is not
/// YAML; else what could be understood, perhaps with problems.
[[nodiscard]] std::optional<cluster_description> read_cluster_file(const std::string& path,
                                                                   std::string_view text,
                                                                   const environment& variables,
                                                                   problem_list& problems);

}  // namespace mcp::cluster
