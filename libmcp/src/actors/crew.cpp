#include "actors/crew.hpp"

#include "actors/node_actor.hpp"
#include "actors/runtime.hpp"
#include "core/restart_window.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// Watches the actors of one graph's nodes. A node's actor that ends without being told is
/// replaced, alone or with all others, as the policy says; too many restarts leave the node without
/// an actor.
class supervisor_actor final : public base_actor {
 public:
  supervisor_actor(caf::actor_config& config, crew* owner, runtime* shared,
                   supervision_policy policy, std::shared_ptr<const node_table> table)
      : base_actor(config),
        owner_(owner),
        runtime_(shared),
        policy_(policy),
        window_(policy.intensity, policy.period),
        table_(std::move(table)) {}

  caf::behavior make_behavior() override {
    for (const auto& replicas : table_->replicas) {
      for (const auto& one : replicas) monitor(one);
    }
    set_down_handler([this](caf::down_msg& down) { replace(down.source); });
    return {[this](control_message&) {
      for (const auto& replicas : table_->replicas) {
        for (const auto& one : replicas) {
          demonitor(one);
          send_exit(one, caf::exit_reason::user_shutdown);
        }
      }
      quit();
    }};
  }

  void on_exit() override { table_.reset(); }

 private:
  void replace(const caf::actor_addr& dead) {
    for (std::size_t node = 0; node < table_->replicas.size(); ++node) {
      const auto& replicas = table_->replicas[node];
      for (std::size_t i = 0; i < replicas.size(); ++i) {
        if (replicas[i].address() != dead) continue;
        return restart(static_cast<node_index>(node), static_cast<std::uint32_t>(i));
      }
    }
  }

  void restart(node_index node, std::uint32_t replica) {
    owner_->count_restart();
    auto next = std::make_shared<node_table>(*table_);
    const auto& name = owner_->plan()->name_of(node);
    if (window_.allow(runtime_->clock().now())) {
      spdlog::warn("graph \"{}\": the actor of node \"{}\" died and is restarted",
                   owner_->plan()->name, name);
      if (policy_.restart == supervision_policy::strategy::one_for_all) return restart_all(*next);
      revive(*next, node, replica);
    } else {
      spdlog::error("graph \"{}\": the actor of node \"{}\" died too often and is not restarted",
                    owner_->plan()->name, name);
      next->replicas[node][replica] = nullptr;
    }
    table_ = next;
    owner_->publish(table_, node, replica);
  }

  void restart_all(node_table& next) {
    for (std::size_t node = 0; node < next.replicas.size(); ++node) {
      for (std::size_t i = 0; i < next.replicas[node].size(); ++i) {
        auto& old = next.replicas[node][i];
        if (old) {
          demonitor(old);
          send_exit(old, caf::exit_reason::user_shutdown);
        }
        revive(next, static_cast<node_index>(node), static_cast<std::uint32_t>(i));
        table_ = std::make_shared<node_table>(next);
        owner_->publish(table_, static_cast<node_index>(node), static_cast<std::uint32_t>(i));
      }
    }
  }

  void revive(node_table& next, node_index node, std::uint32_t replica) {
    auto made = owner_->spawn_node(node);
    monitor(made);
    next.replicas[node][replica] = std::move(made);
  }

  crew* owner_;
  runtime* runtime_;
  supervision_policy policy_;
  core::restart_window window_;
  std::shared_ptr<const node_table> table_;
};

}  // namespace

crew::crew(const std::shared_ptr<engine_life>& life, std::shared_ptr<const graph_plan> plan,
           const supervision_policy& policy, breaker_table& breakers)
    : owner_(*life->owner), plan_(std::move(plan)) {
  const spawn_scope scope;
  // What may throw comes before the actors: nobody would end them.
  for (std::size_t i = 0; i < plan_->nodes.size(); ++i) {
    const auto& node = plan_->nodes[i];
    const auto index = static_cast<node_index>(i);
    auto& station = *stations_.emplace_back(std::make_shared<node_station>(
        node_station{.owner = &owner_, .life = life, .plan = plan_, .node = node}));
    const auto& options = node.spec.options;
    if (options.breaker) station.breaker = breakers.find(*options.breaker);
    if (options.cache) station.cache = std::make_shared<result_cache>(*options.cache);
    if (node.spec.kind == node_kind::subgraph) {
      children_.emplace(index,
                        std::make_unique<crew>(life, node.spec.subgraph.plan, policy, breakers));
    }
  }
  auto table = std::make_shared<node_table>();
  table->replicas.resize(plan_->nodes.size());
  for (std::size_t i = 0; i < plan_->nodes.size(); ++i) {
    if (plan_->nodes[i].spec.kind == node_kind::subgraph) continue;
    const auto index = static_cast<node_index>(i);
    for (std::size_t n = replica_count(index); n > 0; --n) {
      table->replicas[i].push_back(spawn_node(index));
    }
  }
  table_ = table;
  supervisor_ = owner_.system().spawn<supervisor_actor>(this, &owner_, policy, table_);
}

crew::~crew() {
  const spawn_scope scope;
  // The supervisor uses this object: wait until it is gone.
  caf::scoped_actor self{owner_.system()};
  self->monitor(supervisor_);
  self->send(supervisor_, control_message{control_message::kind::stop, nullptr});
  owner_.drive();
  self->receive([](const caf::down_msg&) {});
}

std::shared_ptr<const node_table> crew::table() const {
  const std::lock_guard lock{mutex_};
  return table_;
}

std::size_t crew::restarts() const {
  std::size_t sum = restarts_;
  for (const auto& [node, child] : children_) sum += child->restarts();
  return sum;
}

void crew::join(const caf::actor& run) {
  const std::lock_guard lock{mutex_};
  listeners_.insert(run);
}

void crew::leave(const caf::actor& run) {
  const std::lock_guard lock{mutex_};
  listeners_.erase(run);
}

void crew::publish(std::shared_ptr<const node_table> table, node_index node,
                   std::uint32_t replica) {
  const std::lock_guard lock{mutex_};
  table_ = std::move(table);
  for (const auto& run : listeners_) {
    caf::anon_send(run, node_died_message{node, replica, table_});
  }
}

std::size_t crew::replica_count(node_index node) const {
  const auto& spec = plan_->nodes[node].spec;
  // A gate hands the work on, so one is enough; plain nodes work themselves.
  if (spec.kind != node_kind::plain) return 1;
  const auto threads = owner_.options().scheduler_threads;
  const auto wanted = spec.options.concurrency.value_or(0);
  return wanted == 0 ? threads : std::min(wanted, threads);
}

caf::actor crew::spawn_node(node_index node) const {
  return actors::spawn_node(owner_.system(), stations_[node]);
}

void crew::kill_node(const std::string& node, std::size_t replica) {
  const auto index = plan_->find(node);
  const auto now = table();
  if (index == end_index || replica >= now->replicas[index].size()) {
    throw error{errc::unknown_node,
                "no actor " + std::to_string(replica) + " of node \"" + node + "\""};
  }
  caf::anon_send_exit(now->replicas[index][replica], caf::exit_reason::kill);
}

}  // namespace mcp::actors
