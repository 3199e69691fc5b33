#pragma once

#include "actors/caf.hpp"
#include "actors/census.hpp"
#include "actors/live_run.hpp"
#include "actors/result_cache.hpp"
#include "actors/shared_breaker.hpp"
#include "core/graph_plan.hpp"
#include "mcp/executor_base.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mcp::actors {

class runtime;

/// What answers that outlive their executor still need. The last owner may let go on a thread that
/// a node's function owns, or that its model does: see `careful_delete`.
struct engine_life {
  std::shared_ptr<runtime> owner;
  std::shared_ptr<const graph_plan> plan;  ///< and with it all that its functions own
  std::shared_ptr<census> at_work;
};

/// What the actors of one node have in common. Immutable but for the self-protecting parts.
struct node_station {
  runtime* owner;  ///< outlives every actor
  std::weak_ptr<engine_life> life;
  std::shared_ptr<const graph_plan> plan;
  const planned_node& node;  ///< of the plan
  std::shared_ptr<shared_breaker> breaker{};
  std::shared_ptr<result_cache> cache{};
};

/// The actors of a graph's nodes at one time. Immutable; a restart makes a new table.
class node_table {
 public:
  std::vector<std::vector<caf::actor>> replicas{};  ///< by node; empty for subgraphs
};

/// The actors of one graph: its nodes' actors, and the supervisor that spawns, watches and restarts
/// them. Safe from several threads.
class crew {
 public:
  crew(const std::shared_ptr<engine_life>& life, std::shared_ptr<const graph_plan> plan,
       const supervision_policy& policy, breaker_table& breakers);
  ~crew();
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;

  [[nodiscard]] const std::shared_ptr<const graph_plan>& plan() const noexcept { return plan_; }
  [[nodiscard]] std::shared_ptr<const node_table> table() const;
  /// The crew of a node's subgraph.
  [[nodiscard]] crew& child(node_index node) const { return *children_.at(node); }
  /// Restarts here and in all subgraphs.
  [[nodiscard]] std::size_t restarts() const;

  /// Runs that want to hear of restarts; `run` stays known until `leave`.
  void join(const caf::actor& run);
  void leave(const caf::actor& run);

  [[nodiscard]] node_station& station(node_index node) const { return *stations_[node]; }

  // For the supervisor.
  void publish(std::shared_ptr<const node_table> table, node_index node, std::uint32_t replica);
  void count_restart() noexcept { ++restarts_; }
  [[nodiscard]] caf::actor spawn_node(node_index node) const;
  [[nodiscard]] std::size_t replica_count(node_index node) const;

  void kill_node(const std::string& node, std::size_t replica);

 private:
  runtime& owner_;
  std::shared_ptr<const graph_plan> plan_;
  std::vector<std::shared_ptr<node_station>> stations_;
  std::unordered_map<node_index, std::unique_ptr<crew>> children_;
  mutable std::mutex mutex_;
  std::shared_ptr<const node_table> table_;
  std::unordered_set<caf::actor> listeners_;
  std::atomic<std::size_t> restarts_{0};
  caf::actor supervisor_;
};

}  // namespace mcp::actors
