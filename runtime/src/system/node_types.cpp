#include "system/node_types.hpp"

namespace mcp::cluster {

node_type_registry& node_type_registry::global() {
  static node_type_registry registry;
  return registry;
}

void node_type_registry::add(const std::string& name, node_type type) {
  if (name.empty() || !type) {
    throw error{errc::invalid_argument, "a node type needs a name and a function"};
  }
  const std::lock_guard lock{mutex_};
  if (!types_.emplace(name, std::move(type)).second) {
    throw error{errc::invalid_argument, "the node type \"" + name + "\" is there already"};
  }
}

std::optional<node_type> node_type_registry::find(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = types_.find(name);
  if (found == types_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> node_type_registry::names() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> result;
  for (const auto& [name, type] : types_) result.push_back(name);
  return result;
}

}  // namespace mcp::cluster
