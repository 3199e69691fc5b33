#pragma once

#include "mcp/agents/tool_set.hpp"
#include "mcp/json.hpp"
#include "system/model_factory.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mcp::cluster {

/// What a node type is told of the node it makes.
struct node_type_request {
  std::string name{};  ///< of the node
  nlohmann::json options{};
  std::shared_ptr<const state_type> state{};  ///< of the graph
  /// Models and tools of the file, by name, servers of tools too. They throw `invalid_argument` for
  /// a name that is not known. Only during the call; what they return may be kept.
  std::function<ready_model(const std::string&)> model{};
  std::function<tool_set(const std::vector<std::string>&)> tools{};
};
/// Makes a node. What it throws is a problem of the file, at the node's place.
using node_type = std::function<node_spec(const node_type_request&)>;

/// Kinds of nodes that programs and plugins add to those of cluster files, by the name that stands
/// behind `type:`. Safe from several threads.
class node_type_registry {
 public:
  /// The one that cluster files are read with.
  [[nodiscard]] static node_type_registry& global();

  /// Throws `invalid_argument` when the name is empty or taken, or the type is null.
  void add(const std::string& name, node_type type);
  [[nodiscard]] std::optional<node_type> find(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;  ///< sorted

 private:
  mutable std::mutex mutex_;
  std::map<std::string, node_type> types_;
};

}  // namespace mcp::cluster
