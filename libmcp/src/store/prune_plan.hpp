#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace mcp::store {

/// What pruning has to know of a checkpoint.
struct prune_node {
  checkpoint_id id{};
  checkpoint_id parent{};  ///< none, or the id of another node of the namespace
  bool snapshot = false;   ///< holds one
  bool pinned = false;     ///< has an interrupt without an answer
};

struct prune_namespace {
  std::string name{};
  std::vector<prune_node> nodes{};  ///< sorted by id
};

/// What is to be done with one namespace. Parents of the checkpoints in `roots` become none.
struct prune_plan {
  std::vector<checkpoint_id> removed{};
  std::vector<checkpoint_id> roots{};      ///< kept, but their parent is removed
  std::vector<checkpoint_id> snapshots{};  ///< roots that need a snapshot of their own
  std::vector<std::pair<checkpoint_id, checkpoint_id>> bases{};  ///< kept checkpoint, its base now
};

/// Decides what `checkpoint_store::prune` removes: one plan per namespace, in their order. Kept are
/// the last `keep` of each branch, those with a pending interrupt in them or below them, and the
/// namespaces of subgraph tasks as long as their parent checkpoint is kept.
///
/// The parent checkpoint of a task's namespace is the last one of the namespace above it that is
/// older than its first checkpoint: a thread runs one superstep at a time and its ids grow.
[[nodiscard]] std::vector<prune_plan> plan_prune(std::vector<prune_namespace> namespaces,
                                                 std::size_t keep);

}  // namespace mcp::store
