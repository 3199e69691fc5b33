#include "core/ids.hpp"
#include "core/run_machine.hpp"
#include "core/stored_value.hpp"
#include "core/task_machine.hpp"

#include <algorithm>

namespace mcp::core {
namespace {

/// Most tasks of one superstep.
constexpr std::size_t max_tasks = 1'000'000;

}  // namespace

task& run_machine::fresh_task(std::size_t slot) {
  if (slot == tasks_.size()) tasks_.emplace_back();
  auto& kept = tasks_[slot];
  if (!kept || !kept.unique()) kept = task_pointer{new task};
  auto& result = *kept;
  result.slot = static_cast<std::uint32_t>(slot);
  result.state = task_state::planned;
  result.attempt = 0;
  result.shared_ids = next_.shared_ids;
  result.send = -1;
  result.step = position_.step + 1;
  result.remaining_steps = settings_.options.recursion_limit - executed_ - 1;
  result.planned_from = position_.id;
  result.anchor = anchor_;
  result.id.clear();
  result.answers.clear();
  result.effects.clear();
  result.failed_with.reset();
  result.timeout.reset();
  result.outcome.interrupts.clear();
  return result;
}

/// Makes the tasks of `next_`: triggered nodes by name, then sends in their order.
void run_machine::plan_tasks() {
  task_count_ = next_.triggered.size() + next_.sends.size();
  std::size_t slot = 0;
  for (const auto node : next_.triggered) {
    auto& made = fresh_task(slot++);
    made.node = made.planned = node;
    made.input.input.reset();
  }
  int index = 0;
  for (auto& one : next_.sends) {
    auto& made = fresh_task(slot++);
    made.node = made.planned = one.node;
    made.send = index++;
    made.timeout = one.timeout;
    // The agenda keeps its copy only while a checkpoint may still have to name it.
    made.input.input = settings_.stored ? one.input : std::move(one.input);
  }
  unsettled_ = task_count_;
}

void run_machine::make_tasks(machine_commands& out) {
  if (next_.triggered.size() + next_.sends.size() > max_tasks) {
    return fail(error{errc::too_large, "more than 1,000,000 tasks in one superstep"}, out);
  }
  plan_tasks();
  for (std::size_t i = 0; i < task_count_; ++i) {
    auto& made = *tasks_[i];
    if (memory_) recall(made);
    if (made.state == task_state::planned) dispatch(made, out);
    if (phase_ != phase::executing) return;
  }
}

void run_machine::dispatch(task& planned, machine_commands& out) {
  if (auto refused = ports_.charge(0, 1)) {
    // A budget is the whole run's: nothing of this superstep can go on.
    return fail(std::move(*refused), out);
  }
  const auto& spec = settings_.plan->nodes[planned.node].spec;
  const auto& sent = planned.input.input;
  const bool fits = spec.input == nullptr || (sent.has_value() && sent.type()->same(*spec.input)) ||
                    (spec.kind == node_kind::subgraph && !sent.has_value());
  if (!fits) {
    return fail(error{errc::invalid_goto,
                      "the node takes the input of a send of another type than "
                      "the task has, or was not started by a send"}
                    .at(place_of(planned)),
                out);
  }
  ++planned.attempt;
  planned.state = task_state::running;
  // A fallback that takes the state gets the run's when the send brought something else.
  const bool own_state =
      sent.has_value() && spec.input == nullptr && *sent.type()->id == settings_.plan->state->id();
  planned.input.state = own_state
                            ? state_pointer{*settings_.plan->state,
                                            settings_.plan->state->copy(planned.input.input.get())}
                            : state_;
  planned.cancelled.store(false, std::memory_order_relaxed);
  planned.given_up = false;
  planned.started.store(0, std::memory_order_relaxed);
  planned.last_sign.store(0, std::memory_order_relaxed);
  auto& outcome = planned.outcome;
  outcome.what = task_outcome::kind::finished;
  outcome.cached = false;
  outcome.result = {};
  outcome.asked.clear();
  outcome.interrupts.clear();
  if (wants(event_kind::tasks)) event(event_kind::tasks, &planned, out).name = "started";
  out.dispatch.push_back(tasks_[planned.slot]);
  watch(planned, out);
}

void run_machine::task_done(task_pointer done, machine_commands& out) {
  // Late results of abandoned tasks are dropped here: their slot holds another task, or none runs.
  if (phase_ != phase::executing || done->slot >= task_count_ || tasks_[done->slot] != done ||
      done->state != task_state::running) {
    return;
  }
  auto& settled = *done;
  done = {};
  settled.input.state.reset();
  switch (settled.outcome.what) {
    case task_outcome::kind::finished:
      contained(settled, out, [&] { finished(settled, out); });
      break;
    case task_outcome::kind::interrupted:
      contained(settled, out, [&] { interrupted(settled, out); });
      break;
    case task_outcome::kind::failed:
      failed(settled, std::move(settled.outcome.failure), out);
      break;
  }
  if (phase_ != phase::executing) return;
  if (unsettled_ == 0) settle(out);
}

/// Takes what a task brought, which user-written codecs encode: what they throw is the task's
/// failure. Nothing may be done about the task before everything is encoded.
template <class Take>
void run_machine::contained(task& settled, machine_commands& out, Take&& take) {
  try {
    take();
  } catch (...) {
    settled.outcome.interrupts.clear();
    failed(settled, current_failure(), out);
  }
}

void run_machine::finished(task& done, machine_commands& out) {
  const auto& result = done.outcome.result;
  // The last one needs no entry: the checkpoint that follows at once says it all.
  const bool last =
      unsettled_ == 1 &&
      std::none_of(
          tasks_.begin(), tasks_.begin() + static_cast<std::ptrdiff_t>(task_count_),
          [](const task_pointer& other) { return other->state == task_state::interrupted; });
  const bool kept = journals() && !last;
  auto body = kept ? encode_result(*settings_.plan, result) : std::string{};
  auto json = wants(event_kind::updates) ? writes_to_json(*settings_.plan->state, result.writes)
                                         : std::string{};
  done.state = task_state::finished;
  --unsettled_;
  if (wants(event_kind::updates)) {
    auto& made = event(event_kind::updates, &done, out);
    made.json = std::move(json);
    made.cached = done.outcome.cached;
  }
  if (wants(event_kind::tasks)) event(event_kind::tasks, &done, out).name = "finished";
  if (!kept) return;
  journal(journal_kind::task, id_of(done), std::move(body), out);
  if (settings_.budgeted) journal_usage(out);
}

void run_machine::interrupted(task& asked, machine_commands& out) {
  auto& outcome = asked.outcome;
  for (auto& question : outcome.asked) {
    cbor_writer asking;
    asking.raw(question.question);
    question.question = take_stored(asking, "a question");
    outcome.interrupts.push_back(
        {.id = make_interrupt_id(settings_.ns, attempt_id(asked), question.index),
         .node = settings_.plan->name_of(asked.planned),
         .ns = settings_.ns,
         .question = cbor_to_json(question.question),
         .schema = std::move(question.schema)});
  }
  std::vector<std::string> bodies;
  if (settings_.stored) {  // on exit too: what cannot be stored must be known now
    for (const auto& one : outcome.interrupts)
      bodies.push_back(encode_interrupt(one, id_of(asked)));
  }
  asked.state = task_state::interrupted;
  --unsettled_;
  if (wants(event_kind::tasks)) event(event_kind::tasks, &asked, out).name = "interrupted";
  if (!journals()) return;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    journal(journal_kind::interrupt, outcome.interrupts[i].id, std::move(bodies[i]), out);
  }
}

void run_machine::failed(task& broken, failure what, machine_commands& out) {
  what.error = what.error.at(place_of(broken));
  if (wants(event_kind::errors)) event(event_kind::errors, &broken, out).error = what.error;
  const auto& node = settings_.plan->nodes[broken.node];
  const auto next = after_failure(node, broken.attempt, what, ports_.random());
  switch (next.what) {
    case retry_decision::kind::retry:
      broken.state = task_state::waiting;
      broken.retry_at = ports_.now() + next.delay;
      return wish_wake(broken.retry_at, out);
    case retry_decision::kind::fallback:
      stand_in(broken, *node.fallback, what.error);
      if (journals()) journal_fallback(broken, out);
      return dispatch(broken, out);
    case retry_decision::kind::give_up:
      break;
  }
  broken.state = task_state::failed;
  --unsettled_;
  if (wants(event_kind::tasks)) event(event_kind::tasks, &broken, out).name = "failed";
  if (journals()) {
    journal(journal_kind::failure, id_of(broken), encode_failure(what.error), out);
  }
  fail(std::move(what.error), out);
}

void run_machine::abandon(task& unwanted, machine_commands& out) {
  if (unwanted.state != task_state::running) return;
  unwanted.cancelled.store(true, std::memory_order_release);
  ports_.gave_up(unwanted);
  out.abandon.push_back(tasks_[unwanted.slot]);
}

void run_machine::task_lost(const task_pointer& lost, error reason, machine_commands& out) {
  if (phase_ != phase::executing || lost->slot >= task_count_ || tasks_[lost->slot] != lost ||
      lost->state != task_state::running) {
    return;
  }
  replace(lost->slot, std::move(reason), out);
  if (phase_ == phase::executing && unsettled_ == 0) settle(out);
}

/// Fails an attempt that may still be running: it keeps its task, further attempts get a new one.
void run_machine::replace(std::size_t slot, error reason, machine_commands& out) {
  const auto old = tasks_[slot];
  old->given_up = true;
  abandon(*old, out);
  task_pointer fresh{new task};
  auto& next = *fresh;
  next.node = old->node;
  next.planned = old->planned;
  next.shared_ids = old->shared_ids;
  next.send = old->send;
  next.slot = old->slot;
  next.attempt = old->attempt;
  next.step = old->step;
  next.remaining_steps = old->remaining_steps;
  next.planned_from = old->planned_from;
  next.anchor = old->anchor;
  next.id = old->id;
  next.input.input = old->input.input;
  next.answers = old->answers;
  next.failed_with = old->failed_with;
  next.timeout = old->timeout;
  // The old attempt may still add to its own; what it adds is found through the run.
  recall_effects(next);
  next.state = task_state::running;
  tasks_[slot] = std::move(fresh);
  failed(next, {.error = std::move(reason)}, out);
}

void run_machine::abandon_all(machine_commands& out) {
  out.dispatch.clear();
  const auto made = std::min(task_count_, tasks_.size());
  for (std::size_t i = 0; i < made; ++i) {
    if (tasks_[i]) abandon(*tasks_[i], out);
  }
}

void run_machine::tick(machine_commands& out) {
  if (phase_ != phase::executing) return;
  const auto now = ports_.now();
  if (deadline_ && now >= *deadline_) {
    return fail(error{errc::deadline_exceeded, "the run's deadline has passed"}, out);
  }
  for (std::size_t i = 0; i < task_count_; ++i) {
    auto& one = *tasks_[i];
    if (one.state == task_state::waiting && now >= one.retry_at) dispatch(one, out);
    const auto& timeout = limits_of(one);
    if (one.state == task_state::running && timeout) {
      if (auto late = overdue(*timeout, one, now)) replace(i, std::move(*late), out);
    }
    if (phase_ != phase::executing) return;
    if (tasks_[i]->state == task_state::waiting) wish_wake(tasks_[i]->retry_at, out);
    watch(*tasks_[i], out);
  }
  wish_wake(deadline_, out);
}

const std::optional<timeout_policy>& run_machine::limits_of(const task& of) const {
  return of.timeout ? of.timeout : settings_.plan->nodes[of.node].spec.options.timeout;
}

void run_machine::watch(const task& running, machine_commands& out) const {
  const auto& timeout = limits_of(running);
  if (running.state == task_state::running && timeout) {
    wish_wake(next_check(*timeout, running, ports_.now()), out);
  }
}

void run_machine::wish_wake(std::optional<instant> time, machine_commands& out) {
  if (time && (!out.wake || *time < *out.wake)) out.wake = time;
}

}  // namespace mcp::core
