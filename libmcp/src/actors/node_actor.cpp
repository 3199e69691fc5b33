#include "actors/node_actor.hpp"

#include "actors/async_reply.hpp"
#include "actors/attempt.hpp"
#include "actors/runtime.hpp"
#include "actors/task_context.hpp"

#include <deque>

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// Most tasks that wait in front of one node with a concurrency limit.
constexpr std::size_t max_waiting = 1'000'000;

/// Runs a plain node's function on the scheduler.
class plain_node final : public base_actor {
 public:
  plain_node(caf::actor_config& config, std::shared_ptr<node_station> station)
      : base_actor(config),
        station_(std::move(station)),
        patience_(station_->owner->options().slow_node_warning) {}

  caf::behavior make_behavior() override {
    return {[this](execute_message& order) {
      // Given up while it waited for its turn: nobody wants to hear of it.
      if (order.task->cancelled.load(std::memory_order_acquire)) return;
      const auto run = caf::actor_cast<caf::actor>(current_sender());
      auto& clock = station_->owner->clock();
      const auto began = clock.now();
      order.task->started.store(began.count(), std::memory_order_relaxed);
      {
        const thread_watch::hold held{"node", station_->node.spec.name, station_->plan->name};
        run_attempt(*station_, order.task);
      }
      if (patience_.count() > 0) warn_if_slow(order.task, clock.now() - began);
      send(run, done_message{std::move(order.task)});
    }};
  }

 private:
  void warn_if_slow(const core::task_pointer& task, core::instant took) const {
    if (took < patience_) return;
    const task_context port{task};
    const log_scope about{port};
    spdlog::warn("graph \"{}\": node \"{}\" held a scheduler thread for {} ms; declare it blocking",
                 station_->plan->name, station_->node.spec.name,
                 std::chrono::duration_cast<milliseconds>(took).count());
  }

  std::shared_ptr<node_station> station_;
  core::instant patience_;
};

/// The gate of a blocking or asynchronous node.
class gate_node final : public base_actor {
 public:
  gate_node(caf::actor_config& config, std::shared_ptr<node_station> station)
      : base_actor(config),
        station_(std::move(station)),
        limit_(station_->node.spec.options.concurrency.value_or(0)) {}

  caf::behavior make_behavior() override {
    return {[this](execute_message& order) {
              order_from(caf::actor_cast<caf::actor>(current_sender()), std::move(order.task));
            },
            [this](vacated_message) {
              --busy_;
              while (!waiting_.empty() && (limit_ == 0 || busy_ < limit_)) {
                auto [run, task] = std::move(waiting_.front());
                waiting_.pop_front();
                work(std::move(run), std::move(task));
              }
            }};
  }

  void on_exit() override { waiting_.clear(); }

 private:
  void order_from(caf::actor run, core::task_pointer task) {
    if (limit_ == 0 || busy_ < limit_) return work(std::move(run), std::move(task));
    if (waiting_.size() >= max_waiting) {
      return refuse(run, task,
                    "more than " + std::to_string(max_waiting) + " tasks wait for this node");
    }
    waiting_.emplace_back(std::move(run), std::move(task));
  }

  void work(caf::actor run, core::task_pointer task) {
    if (task->cancelled.load(std::memory_order_acquire)) return;
    ++busy_;
    const auto gate = caf::actor_cast<caf::actor>(this);
    if (station_->node.spec.kind == node_kind::async) {
      task->started.store(station_->owner->clock().now().count(), std::memory_order_relaxed);
      begin_async(station_, std::move(run), std::move(task), limit_ == 0 ? caf::actor{} : gate);
      if (limit_ == 0) --busy_;
      return;
    }
    auto job = [station = station_, run, task, gate]() mutable {
      if (!task->cancelled.load(std::memory_order_acquire)) {
        task->started.store(station->owner->clock().now().count(), std::memory_order_relaxed);
        run_attempt(*station, task);
      }
      caf::anon_send(run, done_message{std::move(task)});
      caf::anon_send(gate, vacated_message{});
    };
    if (station_->owner->workers().submit(std::move(job))) return;
    --busy_;
    refuse(run, task,
           "no thread for blocking nodes is free, and runtime_options::blocking_queue = " +
               std::to_string(station_->owner->options().blocking_queue) + " tasks wait for one");
  }

  void refuse(const caf::actor& run, core::task_pointer task, std::string why) {
    task->outcome.what = core::task_outcome::kind::failed;
    task->outcome.failure.error = error{errc::overloaded, std::move(why)};
    send(run, done_message{std::move(task)});
  }

  std::shared_ptr<node_station> station_;
  std::size_t limit_;
  std::size_t busy_ = 0;
  std::deque<std::pair<caf::actor, core::task_pointer>> waiting_;
};

}  // namespace

caf::actor spawn_node(caf::actor_system& system, std::shared_ptr<node_station> station) {
  if (station->node.spec.kind == node_kind::plain) {
    return system.spawn<plain_node>(std::move(station));
  }
  return system.spawn<gate_node>(std::move(station));
}

}  // namespace mcp::actors
