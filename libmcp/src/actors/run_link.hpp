#pragma once

#include "actors/live_run.hpp"
#include "actors/runtime.hpp"
#include "actors/shared_budget.hpp"
#include "actors/store_writer.hpp"
#include "actors/thread_claim.hpp"
#include "core/ids.hpp"
#include "core/run_machine.hpp"
#include "mcp/log_fields.hpp"
#include "mcp/tracing.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mcp {
class memory_store;
class metrics;
class span_sink;
}  // namespace mcp

namespace mcp::actors {

/// What a run, its subgraphs and their tasks share: identity and services. Outlives the run's actor
/// as long as a task of it is at work. Constant but for the self-protecting parts.
class run_link final : public core::task_link {
 public:
  runtime* owner = nullptr;                 ///< outlives every actor
  std::shared_ptr<live_run> live{};         ///< of the root run
  std::shared_ptr<shared_budget> budget{};  ///< null: no limits and nothing counted yet
  std::shared_ptr<store_writer> writer{};   ///< null: nothing is stored
  std::shared_ptr<thread_claim> claim{};    ///< on the root run's thread
  std::shared_ptr<memory_store> memory{};
  std::shared_ptr<mcp::metrics> metrics{};  ///< null: nothing is measured
  std::shared_ptr<span_sink> spans{};       ///< null: none are made
  /// Where the run's spans belong. Without a trace: nobody makes spans, nor was one given.
  trace_context trace{};
  core::instant epoch{0};                    ///< what the clock says, less: time since 1970
  std::shared_ptr<const graph_plan> plan{};  ///< of this (sub)graph
  std::string ns{};
  bool recovered = false;  ///< went on from the store: subgraphs may be there already
  std::map<std::string, std::string> answers{};
  core::task_pointer above{};  ///< of the run around a subgraph's; null for a root

  /// For `log_scope`: the run's own work.
  void operator()(log_fields& to) const {
    to.run = live->run_id();
    to.thread = live->thread_id();
    to.graph = plan->name;
  }
  /// The id under which `node`, the task's own or its fallback, asks and acts.
  [[nodiscard]] std::string make_id(const core::task& task, node_index node) const {
    auto id = core::make_task_id(task.planned_from, ns, task.step, plan->name_of(task.planned),
                                 task.send);
    if (node == task.planned || task.shared_ids) return id;
    return core::make_fallback_id(id, plan->name_of(node));
  }
  [[nodiscard]] std::string make_id(const core::task& task) const {
    return make_id(task, task.node);
  }

  /// A task, or a task of a subgraph of it, is alive.
  void sign_of_life(core::task& task) const {
    const auto now = owner->clock().now().count();
    task.last_sign.store(now, std::memory_order_relaxed);
    for (auto* outer = above.get(); outer != nullptr;) {
      outer->last_sign.store(now, std::memory_order_relaxed);
      outer = static_cast<const run_link&>(*outer->link).above.get();
    }
  }

  /// Effects of this process, by task id, '/', key: also those of attempts that were given up.
  [[nodiscard]] std::optional<std::string> find_effect(const std::string& key) const {
    const std::lock_guard lock{mutex_};
    const auto found = effects_.find(key);
    if (found == effects_.end()) return std::nullopt;
    return found->second;
  }
  void keep_effect(const std::string& key, const std::string& result) {
    const std::lock_guard lock{mutex_};
    effects_.insert_or_assign(key, result);
    has_effects_.store(true, std::memory_order_relaxed);
  }
  /// What to call when an attempt is abandoned.
  void add_stop(const core::task& task, std::function<void()> stop) {
    const std::lock_guard lock{mutex_};
    stops_[&task].push_back(std::move(stop));
  }
  /// Calls them, each once over all calls.
  void call_stops(const core::task& task) {
    for (auto& stop : take_stops(task)) {
      try {
        stop();
      } catch (...) {  // a node's defect; the attempt is given up all the same
      }
    }
  }
  void forget_stops(const core::task& task) { static_cast<void>(take_stops(task)); }

  /// The effects of finished supersteps are not asked for again.
  void forget_effects() {
    if (!has_effects_.exchange(false, std::memory_order_relaxed)) return;
    const std::lock_guard lock{mutex_};
    effects_.clear();
  }

 private:
  std::vector<std::function<void()>> take_stops(const core::task& task) {
    const std::lock_guard lock{mutex_};
    auto found = stops_.extract(&task);
    if (found.empty()) return {};
    return std::move(found.mapped());
  }

  mutable std::mutex mutex_;
  std::map<const core::task*, std::vector<std::function<void()>>> stops_;
  std::map<std::string, std::string> effects_;
  std::atomic<bool> has_effects_{false};
};

}  // namespace mcp::actors
