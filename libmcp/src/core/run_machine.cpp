#include "core/run_machine.hpp"

#include "core/ids.hpp"
#include "core/interrupts.hpp"

#include <algorithm>

namespace mcp::core {

void machine_commands::clear() {
  writes.clear();
  hold = false;
  events.clear();
  abandon.clear();
  dispatch.clear();
  wake.reset();
  finished = false;
}

run_machine::run_machine(run_settings settings, machine_ports& ports)
    : settings_(std::move(settings)), ports_(ports) {
  next_.joins.resize(settings_.plan->joins.size());
}

void run_machine::begin(state_pointer state, log_position at, std::vector<channel_write> input,
                        machine_commands& out) {
  state_ = std::move(state);
  position_ = at;
  anchor_ = at.id;
  if (settings_.options.deadline.count() != 0)
    deadline_ = ports_.now() + settings_.options.deadline;
  lifecycle("started", out);
  if (!settings_.stored) position_.id = next_checkpoint_id({}, ports_.wall(), random32());
  if (settings_.stored && !at.id) write_defaults(*settings_.plan->state, patches_);
  // The input is merged like the writes of one task, the start node's.
  task_count_ = 1;
  auto& source = fresh_task(0);
  source.node = source.planned = start_index;
  source.outcome.result = {.writes = std::move(input)};
  next_.deferred.clear();
  std::fill(next_.joins.begin(), next_.joins.end(), 0);
  apply(checkpoint_source::input, out);
  if (phase_ != phase::idle) return;
  if (settings_.stored && settings_.root()) out.hold = true;  // accepted means durable
  advance(out);
}

void run_machine::go_on(state_pointer state, log_position at, agenda next,
                        const std::vector<journal_entry>& journal,
                        const std::map<std::string, std::string>& answers, machine_commands& out) {
  state_ = std::move(state);
  position_ = at;
  anchor_ = at.id;
  next_ = std::move(next);
  next_.joins.resize(settings_.plan->joins.size());
  answers_ = answers;
  if (settings_.options.deadline.count() != 0)
    deadline_ = ports_.now() + settings_.options.deadline;
  lifecycle("resumed", out);
  remember(journal);
  // Only who resumes may pass a stop before a node; a run that is recovered stops there again.
  gate_passed_ = answers_.contains(gate_key);
  advance(out);
}

void run_machine::edit(state_pointer state, log_position at, agenda next,
                       const std::vector<journal_entry>& journal, node_index as_node,
                       node_result result, machine_commands& out) {
  state_ = std::move(state);
  position_ = at;
  anchor_ = at.id;
  next_ = std::move(next);
  next_.joins.resize(settings_.plan->joins.size());
  if (!at.id) write_defaults(*settings_.plan->state, patches_);
  remember(journal);
  apply_edit(as_node, std::move(result), out);
  if (phase_ != phase::idle) return;
  finish(run_status::done, out);
}

void run_machine::durable(machine_commands& out) {
  if (phase_ == phase::holding) {
    phase_ = phase::executing;
    return plan(out);
  }
  if (phase_ != phase::finishing) return;
  phase_ = phase::finished;
  out.finished = true;
}

void run_machine::cancel(error reason, machine_commands& out) {
  if (phase_ == phase::finishing || phase_ == phase::finished) return;
  result_.error = std::move(reason);
  abandon_all(out);
  finish(run_status::cancelled, out);
}

void run_machine::broken(error what, machine_commands& out) {
  if (phase_ == phase::finished) return;
  damaged_ = true;
  anchor_ = {};  // it may be among what was lost: nothing can be journalled under it
  result_.interrupts.clear();
  fail(std::move(what), out);
}

void run_machine::stop(error reason, machine_commands& out) {
  if (phase_ == phase::finished) return;
  settings_.stored = false;  // what is stored stays as it is, for whoever recovers the run
  if (phase_ == phase::finishing) {
    phase_ = phase::finished;
    result_.status = run_status::failed;
    result_.error = std::move(reason);
    out.finished = true;
    return;
  }
  fail(std::move(reason), out);
}

/// Goes on with the next superstep, once what was written is durable if it must be.
void run_machine::advance(machine_commands& out) {
  if (settings_.stored && settings_.options.durability == durability::sync && !out.writes.empty()) {
    out.hold = true;
  }
  if (out.hold) {
    phase_ = phase::holding;
  } else {
    phase_ = phase::executing;
    plan(out);
  }
}

bool run_machine::may_plan(machine_commands& out) {
  // A run of N supersteps needs a limit of N + 1, as its users know it from LangGraph.
  if (executed_ + 1 > settings_.options.recursion_limit) {
    fail(error{errc::recursion_limit, "the limit of " +
                                          std::to_string(settings_.options.recursion_limit) +
                                          " was reached without an end" + describe_cycle()},
         out);
    return false;
  }
  if (next_.empty()) std::swap(next_.triggered, next_.deferred);  // nothing else is left to run
  if (next_.empty()) {
    finish(run_status::done, out);
    return false;
  }
  if (drain_) {
    finish_drained(out);
    return false;
  }
  if (deadline_ && ports_.now() >= *deadline_) {
    fail(error{errc::deadline_exceeded, "the run's deadline has passed"}, out);
    return false;
  }
  return !stops_before(out);
}

void run_machine::plan(machine_commands& out) {
  if (!may_plan(out)) return;
  if (auto refused = ports_.charge(1, 0)) return fail(std::move(*refused), out);
  gate_passed_ = false;
  make_tasks(out);
  if (phase_ != phase::executing) return;
  if (unsettled_ == 0) return settle(out);
  wish_wake(deadline_, out);
}

bool run_machine::stops_before(machine_commands& out) {
  if (gate_passed_) return false;
  const auto& stops = settings_.plan->interrupt_before;
  const auto listed = [&](node_index node) {
    const auto& names = settings_.options.interrupt_before;
    return (!stops.empty() && stops[node]) ||
           std::any_of(names.begin(), names.end(), [&](const std::string& name) {
             return name == "*" || name == settings_.plan->name_of(node);
           });
  };
  const auto stop = [&](node_index node) {
    if (listed(node)) {
      result_.interrupts.push_back({.node = settings_.plan->name_of(node), .ns = settings_.ns});
    }
  };
  if (stops.empty() && settings_.options.interrupt_before.empty()) return false;
  for (const auto node : next_.triggered) stop(node);
  for (const auto& one : next_.sends) stop(one.node);
  if (result_.interrupts.empty()) return false;
  finish(run_status::interrupted, out);
  return true;
}

/// Every task of the superstep has ended in one way or another.
void run_machine::settle(machine_commands& out) {
  bool waits = false;
  bool drained = false;  // a subgraph that waits without a question
  for (std::size_t i = 0; i < task_count_; ++i) {
    const auto& asked = tasks_[i]->outcome.interrupts;
    if (tasks_[i]->state != task_state::interrupted) continue;
    waits = true;
    drained = drained || asked.empty();
    result_.interrupts.insert(result_.interrupts.end(), asked.begin(), asked.end());
  }
  if (drained) return finish_drained(out);
  if (waits) return finish(run_status::interrupted, out);
  apply(checkpoint_source::loop, out);
  if (phase_ != phase::executing) return;
  if (result_.parent) return finish(run_status::done, out);
  const auto& stops = settings_.plan->interrupt_after;
  const auto& names = settings_.options.interrupt_after;
  if (!stops.empty() || !names.empty()) {
    for (const auto node : ran_) {
      const auto& name = settings_.plan->name_of(node);
      const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& listed) {
        return listed == "*" || listed == name;
      });
      if ((stops.empty() || !stops[node]) && !named) continue;
      result_.interrupts.push_back({.node = name, .ns = settings_.ns});
    }
    if (!result_.interrupts.empty() && !next_.empty()) return finish(run_status::interrupted, out);
    result_.interrupts.clear();
  }
  advance(out);
}

void run_machine::fail(error what, machine_commands& out) {
  result_.error = what.at({.graph = settings_.plan->name});
  abandon_all(out);
  if (wants(event_kind::errors)) event(event_kind::errors, nullptr, out).error = result_.error;
  finish(run_status::failed, out);
}

void run_machine::finish_drained(machine_commands& out) {
  if (!hand_over_ || !settings_.root()) return finish(run_status::interrupted, out);
  result_.interrupts.clear();  // whoever goes on asks again
  result_.error = error{errc::shutting_down, "the run goes on with the next executor"};
  handed_over_ = true;
  finish(run_status::failed, out);
}

void run_machine::finish(run_status status, machine_commands& out) {
  result_.status = status;
  result_.steps = executed_;
  if (auto refused = settings_.stored && !damaged_ ? flush_exit(out) : std::nullopt) {
    if (status != run_status::failed) result_.error = std::move(refused);
    result_.status = status = run_status::failed;
    result_.interrupts.clear();
  }
  if (settings_.stored && status != run_status::done && anchor_) journal_usage(out);
  if (settings_.stored && settings_.root() && !handed_over_) {
    out.writes.emplace_back(set_run_status{.run_id = settings_.run_id,
                                           .status = status,
                                           .error = result_.error ? result_.error->what() : "",
                                           .updated = ports_.wall()});
  }
  if (!result_.interrupts.empty() && wants(event_kind::interrupts) && settings_.root()) {
    event(event_kind::interrupts, nullptr, out).interrupts = result_.interrupts;
  }
  lifecycle(handed_over_ ? "handed over" : name(status), out);
  if (settings_.stored && (settings_.root() || settings_.options.durability == durability::sync)) {
    phase_ = phase::finishing;
    out.hold = true;
  } else {
    phase_ = phase::finished;
    out.finished = true;
  }
}

std::string run_machine::describe_cycle() const {
  const auto known = std::min<std::int64_t>(executed_, static_cast<std::int64_t>(trail_.size()));
  const auto back = [&](std::int64_t n) -> const std::vector<node_index>& {
    return trail_[static_cast<std::size_t>((executed_ - n) %
                                           static_cast<std::int64_t>(trail_.size()))];
  };
  for (std::int64_t period = 1; period * 2 <= known; ++period) {
    bool repeats = true;
    for (std::int64_t n = 1; n + period <= known && repeats; ++n)
      repeats = back(n) == back(n + period);
    if (!repeats) continue;
    const auto names = [&](std::int64_t n) {
      std::string text;
      for (const auto node : back(n)) {
        if (!text.empty()) text += " + ";
        text += settings_.plan->name_of(node);
      }
      return text;
    };
    std::string text;
    for (std::int64_t n = period; n >= 1; --n) text += names(n) + " -> ";
    return ": the last " + std::to_string(known) + " supersteps repeat " + text + names(period);
  }
  return {};
}

std::uint32_t run_machine::random32() {
  return static_cast<std::uint32_t>(ports_.random());
}

std::string run_machine::attempt_id(task& of) const {
  const auto& id = id_of(of);
  if (of.node == of.planned || of.shared_ids) return id;
  return make_fallback_id(id, settings_.plan->name_of(of.node));
}

const std::string& run_machine::id_of(task& of) const {
  if (of.id.empty()) {
    of.id = make_task_id(position_.id, settings_.ns, of.step, settings_.plan->name_of(of.planned),
                         of.send);
  }
  return of.id;
}

}  // namespace mcp::core
