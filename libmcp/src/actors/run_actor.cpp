#include "actors/run_actor.hpp"

#include "actors/attempt.hpp"
#include "actors/engine_metrics.hpp"
#include "actors/run_spans.hpp"
#include "actors/subgraph_run.hpp"
#include "core/task_machine.hpp"

#include <algorithm>
#include <unordered_map>

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// A run that is this many writes ahead of its store waits for it.
constexpr std::size_t max_unwritten = 1024;
/// The store is asked to answer at least this often.
constexpr std::size_t answer_every = 256;

/// Owns one run machine: messages in become its events, its commands become messages out.
class run_actor final : public base_actor, public core::machine_ports {
 public:
  run_actor(caf::actor_config& config, run_order order)
      : base_actor(config),
        order_(std::move(order)),
        link_(*order_.link),
        told_(spdlog::should_log(spdlog::level::debug)),
        measured_(link_.metrics || link_.spans || told_),
        machine_(std::move(order_.settings), *this),
        metrics_(link_.metrics.get(), link_.plan->name, machine_.settings().root(), now(),
                 link_.metrics ? link_.budget->usage() : run_usage{}),
        spans_(link_.spans ? std::make_unique<run_spans>(link_, now()) : nullptr) {
    order_.census->enter();
    set_exception_handler([this](std::exception_ptr& thrown) {
      report_defect(thrown);
      return caf::make_error(caf::sec::runtime_error);
    });
  }

  caf::behavior make_behavior() override {
    order_.team->join(caf::actor_cast<caf::actor>(this));
    table_ = order_.team->table();  // after joining: no restart may be missed in between
    handle(std::exchange(order_.opening, nullptr));
    return {
        [this](done_message& ended) {
          auto task = std::move(ended.task);
          if (measured_) attempt_ended(*task);
          child_ended(*task);
          if (link_.above) link_.sign_of_life(*task);
          handle([&](auto& machine, auto& out) { machine.task_done(std::move(task), out); });
        },
        [this](tick_message tick) {
          if (tick.wish != wish_) return;
          timer_ = 0;
          handle([](auto& machine, auto& out) { machine.tick(out); });
        },
        [this](written_message& written) { on_written(written); },
        [this](control_message& control) { on_control(control); },
        [this](node_died_message& died) { on_node_died(died); },
    };
  }

  void on_exit() override {
    report_failure(error{errc::actor_died, "the run's actor died"});
    if (timer_ != 0) link_.owner->timer().cancel(timer_);
    children_.clear();
    successors_.clear();
    held_.clear();
    table_.reset();
    order_.census->leave();
  }

  // machine_ports
  core::instant now() override { return link_.owner->clock().now(); }
  store_time wall() override { return link_.owner->clock().wall(); }
  std::uint64_t random() override { return link_.owner->clock().random(); }
  std::optional<error> charge(std::int64_t steps, std::int64_t calls) override {
    return link_.budget->take(steps, calls);
  }
  run_usage usage() override { return link_.budget->usage(); }
  void gave_up(const core::task& task) override {
    if (link_.budget->holds_nothing()) return;
    const auto child =
        core::child_namespace(link_.ns, link_.plan->name_of(task.node), link_.make_id(task));
    link_.budget->give_up(&task, child);
  }

 private:
  using commands = core::machine_commands;

  /// A subgraph under way. Null `run`: it is being made on another thread.
  struct child {
    core::task_pointer task;
    caf::actor run;
  };

  /// One event: the machine decides, then its commands are carried out.
  template <class Event>
  void handle(Event&& event) {
    // Kept per thread for its memory; taken while in use, as carrying out may come back here.
    static thread_local std::unique_ptr<commands> spare;
    auto out = spare ? std::move(spare) : std::make_unique<commands>();
    const auto before = machine_.position().id;
    {
      const thread_watch::hold held{{}, {}, link_.plan->name};
      const log_scope about{link_};
      try {
        event(machine_, *out);
      } catch (...) {  // a defect: the run ends, in the store too, and lets its tasks go
        out->clear();
        machine_.broken(defect(), *out);
      }
    }
    if (machine_.position().id != before) {
      link_.forget_effects();
      if (measured_) step_ended();
    }
    for (;;) {
      const bool durable = carry_out(*out);
      if (!durable) break;
      out->clear();
      machine_.durable(*out);
    }
    // What is kept holds no task: it would keep the run's store open as long as the thread.
    out->clear();
    spare = std::move(out);
  }

  /// True when the machine waits for durability and everything is durable already.
  bool carry_out(commands& out) {
    bool durable = false;
    if (!out.writes.empty() || out.hold) {
      if (auto failed = write(out)) {
        const bool over = out.finished;  // it is, whether or not this could be written
        out.clear();
        machine_.stop(std::move(*failed), out);
        out.finished = out.finished || over;
      } else {
        durable = out.hold && link_.writer->direct();
      }
      if (machine_.settings().root() && machine_.settings().stored && !out.finished && durable) {
        link_.live->accept();
      }
    }
    for (auto& one : out.events) link_.live->record(std::move(one));
    for (const auto& unwanted : out.abandon) abandon(*unwanted);
    if (unwritten_ > max_unwritten) {
      held_.insert(held_.end(), out.dispatch.begin(), out.dispatch.end());
    } else {
      for (auto& one : out.dispatch) dispatch(std::move(one));
    }
    if (out.wake) wake_at(*out.wake);
    if (out.finished) finish();
    return durable && !out.finished;
  }

  std::optional<error> write(commands& out) {
    const auto held = link_.above ? link_.claim->hold() : nullptr;
    if (link_.above && !held) return error{errc::shutting_down, "the run around it has ended"};
    try {
      if (link_.writer->direct()) {
        link_.writer->write(out.writes);
        return std::nullopt;
      }
      const auto size = out.writes.size();
      unwritten_ += size;
      since_answer_ += size;
      const bool ask = out.hold || since_answer_ >= answer_every;
      if (ask) {
        asked_.push_back({since_answer_, out.hold});
        since_answer_ = 0;
      }
      link_.writer->write(out.writes, ask ? caf::actor_cast<caf::actor>(this) : caf::actor{});
      return std::nullopt;
    } catch (const error& what) {
      return what;
    } catch (const std::exception& what) {
      return error{errc::store_failed, what.what()};
    }
  }

  void on_written(written_message& written) {
    if (asked_.empty()) return;
    const auto [count, hold] = asked_.front();
    asked_.erase(asked_.begin());
    unwritten_ -= count;
    if (written.failed) {
      return handle([&](auto& machine, auto& out) { machine.stop(*written.failed, out); });
    }
    if (hold) {
      if (machine_.settings().root()) link_.live->accept();
      handle([](auto& machine, auto& out) { machine.durable(out); });
    }
    if (unwritten_ <= max_unwritten) {
      for (auto& one : std::exchange(held_, {})) dispatch(std::move(one));
    }
  }

  void step_ended() {
    const auto time = now();
    metrics_.step_ended(time);
    if (spans_) spans_->step_ended(time);
  }
  void attempt_ended(core::task& task) {
    const auto time = now();
    metrics_.task_ended(task, node_of(task), time);
    if (spans_) spans_->task_ended(task, node_of(task), time);
    if (told_) tell(task, outcome_of(task));
  }
  void tell(const core::task& task, std::string_view what) const {
    const auto describe = [&](log_fields& to) {
      link_(to);
      to.node = node_of(task);
      to.task = link_.make_id(task);
      to.attempt = task.attempt;
    };
    const log_scope about{describe};
    spdlog::debug("attempt {} of node \"{}\": {}", task.attempt, node_of(task), what);
  }

  void dispatch(core::task_pointer task) {
    if (!task->link) task->link = order_.link;
    if (measured_) {
      metrics_.dispatched(*task, node_of(*task));
      if (spans_) spans_->dispatched(*task, now());
      if (told_) tell(*task, "sent off");
    }
    const auto& node = machine_.settings().plan->nodes[task->node];
    if (node.spec.kind == node_kind::subgraph) return start_subgraph(std::move(task));
    const auto& replicas = table_->replicas[task->node];
    auto chosen = (spread_ + task->slot) % replicas.size();
    for (auto left = replicas.size(); left > 1 && !replicas[chosen]; --left) {
      chosen = (chosen + 1) % replicas.size();
    }
    task->replica = static_cast<std::uint32_t>(chosen);
    const auto& actor = replicas[chosen];
    if (!actor) {
      task->outcome.what = core::task_outcome::kind::failed;
      task->outcome.failure.error =
          error{errc::actor_died, "the node's actor died too often and was not restarted"};
      return send(this, done_message{std::move(task)});
    }
    if (!task->timeout) return send(actor, execute_message{std::move(task)});
    // To the scheduler: a task that may be given up must not hold a thread that its caller lent.
    actor->enqueue(caf::actor_cast<caf::strong_actor_ptr>(this), caf::make_message_id(),
                   caf::make_message(execute_message{std::move(task)}), nullptr);
  }

  void start_subgraph(core::task_pointer task) {
    // An earlier attempt may still be ending: a namespace has one writer.
    const bool taken = task->attempt > 1 &&
                       std::any_of(children_.begin(), children_.end(), [&](const auto& other) {
                         return other.second.task->slot == task->slot;
                       });
    if (taken) return successors_.push_back(std::move(task));
    if (answered_early(order_.team->station(task->node), *task)) {
      return send(this, done_message{std::move(task)});
    }
    task->started.store(now().count(), std::memory_order_relaxed);
    const auto& plan = *machine_.settings().plan;
    auto& team = order_.team->child(task->node);
    parent_task parent{caf::actor_cast<caf::actor>(this), task,
                       &plan.nodes[task->node].spec.subgraph, task->input.state};
    auto made = spawn_subgraph(system(), machine_, order_, team, std::move(parent));
    children_.emplace(task.get(), child{task, std::move(made)});
  }

  void child_ended(const core::task& task) {
    const auto ended = children_.find(&task);
    if (ended == children_.end()) return;
    if (!ended->second.run) link_.forget_stops(task);  // it was made on another thread
    report(order_.team->station(task.node), *ended->second.task);
    children_.erase(ended);
    const auto next =
        std::find_if(successors_.begin(), successors_.end(),
                     [&](const core::task_pointer& one) { return one->slot == task.slot; });
    if (next == successors_.end()) return;
    auto successor = std::move(*next);
    successors_.erase(next);
    start_subgraph(std::move(successor));
  }

  void abandon(core::task& task) {
    if (measured_) {
      metrics_.task_abandoned(node_of(task));
      if (spans_) spans_->task_ended(task, node_of(task), now(), true);
      if (told_) tell(task, "abandoned");
    }
    report_abandoned(order_.team->station(task.node), task);
    std::erase_if(successors_, [&](const core::task_pointer& one) { return one.get() == &task; });
    if (const auto found = children_.find(&task); found != children_.end() && found->second.run) {
      send(found->second.run, control_message{control_message::kind::cancel, nullptr});
    }
    link_.call_stops(task);
  }

  void on_control(control_message& control) {
    switch (control.what) {
      case control_message::kind::drain:
        machine_.drain();
        for_each_child([&](const caf::actor& run) { send(run, control); });
        break;
      case control_message::kind::hand_over:
        machine_.hand_over();
        for_each_child([&](const caf::actor& run) { send(run, control); });
        break;
      case control_message::kind::cancel:
        handle([&](auto& machine, auto& out) {
          machine.cancel(control.reason ? *control.reason : error{errc::cancelled, "cancelled"},
                         out);
        });
        break;
      case control_message::kind::stop:
        for_each_child([&](const caf::actor& run) { send(run, control); });
        handle([&](auto& machine, auto& out) {
          machine.stop(control.reason ? *control.reason : error{errc::shutting_down, "stopped"},
                       out);
        });
        break;
    }
  }

  template <class Function>
  void for_each_child(Function&& function) {
    for (const auto& [task, one] : children_) {
      if (one.run) function(one.run);
    }
  }

  void on_node_died(node_died_message& died) {
    table_ = died.table;
    const auto all = machine_.tasks();
    for (const auto& task : all) {
      if (!task || task->node != died.node || task->replica != died.replica) continue;
      handle([&](auto& machine, auto& out) {
        machine.task_lost(task, error{errc::actor_died, "the node's actor died at work"}, out);
      });
    }
  }

  [[nodiscard]] const std::string& node_of(const core::task& task) const {
    return machine_.settings().plan->nodes[task.node].spec.name;
  }

  /// One timer per run, for the earliest wish.
  void wake_at(core::instant due) {
    auto& timer = link_.owner->timer();
    if (timer_ != 0 && due >= timer_due_) return;
    if (timer_ != 0) timer.cancel(timer_);
    ++wish_;
    timer_due_ = due;
    timer_ = timer.at(due, [run = caf::actor_cast<caf::actor>(this), wish = wish_] {
      caf::anon_send(run, tick_message{wish});
    });
  }

  void finish() {
    const auto& result = machine_.result();
    run_result_info info;
    info.status = result.status;
    info.run_id = link_.live->run_id();
    info.thread_id = link_.live->thread_id();
    info.steps = result.steps;
    info.interrupts = result.interrupts;
    info.error = result.error;
    info.state = machine_.state();
    info.usage = link_.budget->usage();
    finish_report(std::move(info));
    quit();
  }

  /// `broken`: without the commands of the machine's end.
  void finish_report(run_result_info info, bool broken = false) {
    if (std::exchange(reported_, true)) return;
    if (measured_) {
      metrics_.run_ended(info.status, info.usage, now());
      if (spans_) spans_->run_ended(info, now());
    }
    order_.team->leave(caf::actor_cast<caf::actor>(this));
    if (order_.parent.task) {
      report_to_parent(order_.parent, machine_, std::move(info));
      caf::anon_send(order_.parent.run, done_message{std::move(order_.parent.task)});
      order_.parent = {};
      return;
    }
    link_.claim->end(link_.writer && (broken || !machine_.settings().stored));
    link_.live->finish(std::move(info));
  }

  /// The exception that is being handled.
  static error defect() {
    auto what = core::current_failure().error;
    if (what.code() != errc::node_failed) return what;
    return error{errc::actor_died, "the run's actor threw: " + what.message()};
  }

  /// This actor's own work threw, not its machine's.
  void report_defect(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (...) {
      auto what = defect();
      commands last;
      machine_.broken(what, last);
      try {
        carry_out(last);
      } catch (...) {  // once more: nothing is left to be tried
      }
      report_failure(std::move(what));
    }
  }

  void report_failure(error what) {
    run_result_info info;
    info.status = run_status::failed;
    info.run_id = link_.live->run_id();
    info.thread_id = link_.live->thread_id();
    info.error = std::move(what);
    finish_report(std::move(info), true);
  }

  run_order order_;
  run_link& link_;
  const bool told_;      ///< the log has a line for each attempt
  const bool measured_;  ///< otherwise not even the clock is read
  std::shared_ptr<const node_table> table_;
  core::run_machine machine_;
  run_metrics metrics_;
  std::unique_ptr<run_spans> spans_;  ///< null: nobody wants them
  std::size_t spread_ = static_cast<std::size_t>(id() >> 1U);
  std::unordered_map<const core::task*, child> children_;
  std::vector<core::task_pointer>
      successors_;  ///< attempts that wait for the end of an earlier one
  std::vector<core::task_pointer> held_;
  std::vector<std::pair<std::size_t, bool>> asked_;  ///< writes since the answer before; a hold
  std::size_t unwritten_ = 0;
  std::size_t since_answer_ = 0;
  std::uint64_t wish_ = 0;
  timer_port::id timer_ = 0;
  core::instant timer_due_{0};
  bool reported_ = false;
};

}  // namespace

caf::actor spawn_run(caf::actor_system& system, run_order order, lent_thread* host) {
  if (host == nullptr) return system.spawn<run_actor>(std::move(order));
  caf::actor_config config{host};
  return system.spawn_class<run_actor, caf::no_spawn_options>(config, std::move(order));
}

}  // namespace mcp::actors
