#pragma once

#include "mcp/agent_spec.hpp"
#include "mcp/json.hpp"
#include "mcp/node.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mcp::cluster {

struct load_options;

/// A node of a cluster file as a worker runs it.
struct worker_node {
  std::shared_ptr<const state_type> type{};
  node_spec spec{};
  std::string problem{};  ///< not empty: why this worker cannot run it
};

/// What a worker needs of a cluster file: its nodes, by graph and name, and the types of its
/// agents. Immutable.
class worker_system {
 public:
  /// Reads the file's text; `name` is for messages. What its nodes need and this process does not
  /// have is a problem of those nodes. Throws `invalid_cluster_file` when it is no cluster file.
  [[nodiscard]] static std::shared_ptr<const worker_system> load(const std::string& name,
                                                                 const std::string& text,
                                                                 const load_options& options);

  /// Throws `unknown_node`; `invalid_cluster_file` with the problem when it cannot be run here.
  [[nodiscard]] const worker_node& find(const std::string& graph, const std::string& node) const;
  /// Of the plugins here, by LABEL.NAME. Throws `unknown_agent`.
  [[nodiscard]] const agent_spec& agent(const std::string& type) const;

 private:
  std::map<std::pair<std::string, std::string>, worker_node> nodes_;
  std::map<std::string, agent_spec> agents_;
};

}  // namespace mcp::cluster
