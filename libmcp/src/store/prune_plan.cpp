#include "store/prune_plan.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace mcp::store {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// One namespace while it is being decided on.
struct space {
  const prune_namespace* in = nullptr;
  std::size_t above = none;   ///< index of the namespace it is a task of
  std::size_t anchor = none;  ///< node of `above` that is its parent checkpoint
  std::vector<std::size_t> parents{};
  std::vector<bool> pinned{};
  std::vector<bool> kept{};
};

std::size_t depth_of(const std::string& name) {
  if (name.empty()) return 0;
  return 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), '|'));
}

/// The namespace that `name` is a task of, or nothing when it is not the namespace of a task.
std::optional<std::string> above_of(const std::string& name) {
  const auto bar = name.rfind('|');
  const auto label = bar == std::string::npos ? 0 : bar + 1;
  if (name.find(':', label) == std::string::npos) return std::nullopt;
  return bar == std::string::npos ? std::string{} : name.substr(0, bar);
}

std::size_t position_of(const std::vector<prune_node>& nodes, checkpoint_id id) {
  const auto found = std::lower_bound(nodes.begin(), nodes.end(), id,
                                      [](const auto& node, auto value) { return node.id < value; });
  if (found == nodes.end() || found->id != id) return none;
  return static_cast<std::size_t>(found - nodes.begin());
}

std::vector<space> prepare(const std::vector<prune_namespace>& namespaces) {
  std::unordered_map<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < namespaces.size(); ++i) by_name.emplace(namespaces[i].name, i);
  std::vector<space> spaces(namespaces.size());
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    auto& one = spaces[i];
    one.in = &namespaces[i];
    const auto& nodes = one.in->nodes;
    one.parents.reserve(nodes.size());
    for (const auto& node : nodes) {
      one.parents.push_back(node.parent ? position_of(nodes, node.parent) : none);
      one.pinned.push_back(node.pinned);
    }
    one.kept.assign(nodes.size(), false);
    const auto above = above_of(one.in->name);
    const auto found = above ? by_name.find(*above) : by_name.end();
    if (nodes.empty() || found == by_name.end() || found->second == i) continue;
    one.above = found->second;
    const auto& outer = namespaces[one.above].nodes;
    const auto later =
        std::lower_bound(outer.begin(), outer.end(), nodes.front().id,
                         [](const auto& node, auto value) { return node.id < value; });
    if (later != outer.begin()) one.anchor = static_cast<std::size_t>(later - outer.begin()) - 1;
  }
  return spaces;
}

/// Marks the last `keep` nodes of each branch, and the pinned ones.
void mark(space& one, std::size_t keep) {
  const std::size_t count = one.parents.size();
  // How many more nodes from here towards the root are to be kept: leaves start with `keep`.
  std::vector<std::size_t> left(count, 0);
  std::vector<bool> has_child(count, false);
  for (const auto parent : one.parents) {
    if (parent != none) has_child[parent] = true;
  }
  for (std::size_t i = count; i-- > 0;) {  // children have larger ids than their parents
    if (!has_child[i]) left[i] = keep;
    one.kept[i] = left[i] > 0 || one.pinned[i];
    const auto parent = one.parents[i];
    if (parent != none && left[i] > 1) left[parent] = std::max(left[parent], left[i] - 1);
  }
}

prune_plan plan_of(const space& one) {
  prune_plan plan;
  const auto& nodes = one.in->nodes;
  std::vector<checkpoint_id> base(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!one.kept[i]) {
      plan.removed.push_back(nodes[i].id);
      continue;
    }
    const auto parent = one.parents[i];
    const bool root = parent != none && !one.kept[parent];
    if (root) plan.roots.push_back(nodes[i].id);
    if (root && !nodes[i].snapshot) plan.snapshots.push_back(nodes[i].id);
    if (root || nodes[i].snapshot) {
      base[i] = nodes[i].id;
    } else if (parent != none) {
      base[i] = base[parent];
    }
    plan.bases.emplace_back(nodes[i].id, base[i]);
  }
  return plan;
}

}  // namespace

std::vector<prune_plan> plan_prune(std::vector<prune_namespace> namespaces, std::size_t keep) {
  auto spaces = prepare(namespaces);
  std::vector<std::size_t> order(spaces.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return depth_of(namespaces[a].name) < depth_of(namespaces[b].name);
  });
  // A pending interrupt pins every checkpoint above it: deepest first.
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    const auto& one = spaces[*i];
    if (one.anchor == none) continue;
    if (std::find(one.pinned.begin(), one.pinned.end(), true) == one.pinned.end()) continue;
    spaces[one.above].pinned[one.anchor] = true;
  }
  // A namespace goes with its parent checkpoint: outermost first.
  for (const auto i : order) {
    auto& one = spaces[i];
    if (one.anchor == none || spaces[one.above].kept[one.anchor]) mark(one, keep);
  }
  std::vector<prune_plan> plans;
  plans.reserve(spaces.size());
  for (const auto& one : spaces) plans.push_back(plan_of(one));
  return plans;
}

}  // namespace mcp::store
