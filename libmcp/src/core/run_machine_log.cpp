#include "core/ids.hpp"
#include "core/run_machine.hpp"
#include "core/task_machine.hpp"

#include <algorithm>

namespace mcp::core {
namespace {

/// docs/checkpoint-format.md, section 6.
constexpr std::size_t smallest_snapshot_gap = 16UL * 1024;
constexpr std::size_t snapshot_factor = 3;
/// Patches kept in memory by durability `exit`; beyond it the checkpoint takes a snapshot instead.
constexpr std::size_t exit_patch_limit = 1024UL * 1024;

}  // namespace

log_position position_of(const stored_checkpoint& stored) {
  log_position at{.id = stored.info.id, .base = stored.info.base, .step = stored.info.step};
  at.base_size = stored.snapshot.size();
  if (stored.info.base != stored.info.id) {
    for (const auto& body : stored.bodies) at.bytes_since_base += body.size();
  }
  return at;
}

void run_machine::leave_trail() {
  constexpr std::size_t width = 8;
  auto& place = trail_[static_cast<std::size_t>(executed_) % trail_.size()];
  place.clear();
  for (const auto node : ran_) {
    if (!place.empty() && place.back() == node) continue;  // sends to one node count once
    if (place.size() == width) break;
    place.push_back(node);
  }
}

/// Counts the superstep and records it, in the log unless the run is stored on exit only.
void run_machine::checkpoint(checkpoint_source source, machine_commands& out) {
  ++position_.step;
  if (source == checkpoint_source::loop) {
    leave_trail();
    ++executed_;
  }
  const bool at_exit = settings_.options.durability == durability::exit;
  const bool append = settings_.stored && (source != checkpoint_source::loop || !at_exit);
  if (append) {
    const auto now = ports_.wall();
    position_.id = next_checkpoint_id(position_.id, now, random32());
    append_checkpoint(source, now, out);
  } else {
    // Counted from the last stored one, so that a repeated superstep has the same tasks.
    ++position_.id.value;
    if (settings_.stored && patches_.bytes().size() > exit_patch_limit) {
      patches_.clear();
      snapshot_due_ = true;
    }
  }
  if (wants(event_kind::checkpoints)) {
    event(event_kind::checkpoints, nullptr, out).name = position_.id.text();
  }
  if (wants(event_kind::values)) event(event_kind::values, nullptr, out).state = state_;
}

void run_machine::append_checkpoint(checkpoint_source source, store_time now,
                                    machine_commands& out) {
  put_checkpoint put;
  put.thread_id = settings_.thread_id;
  auto& info = put.info;
  info.ns = settings_.ns;
  info.id = position_.id;
  info.parent = anchor_;
  info.step = position_.step;
  info.source = source;
  info.run_id = settings_.run_id;
  info.created = now;
  run_usage usage;
  if (settings_.budgeted && settings_.root()) usage = ports_.usage();
  put.body = encode_body(*settings_.plan, patches_, next_, ran_,
                         settings_.budgeted && settings_.root() ? &usage : nullptr);
  patches_.clear();
  position_.bytes_since_base += put.body.size();
  const auto gap = std::max(smallest_snapshot_gap, snapshot_factor * position_.base_size);
  if (snapshot_due_ || position_.bytes_since_base > gap) {
    put.snapshot = encode_snapshot(state_);
    position_.base = info.id;
    position_.base_size = put.snapshot.size();
    position_.bytes_since_base = 0;
    snapshot_due_ = false;
  }
  info.base = position_.base;
  anchor_ = info.id;
  out.writes.emplace_back(std::move(put));
}

/// Durability `exit`: writes what was kept back, and what is known of the unfinished superstep. Why
/// not, when a codec of the user's throws at it: what was to be kept is lost.
std::optional<error> run_machine::flush_exit(machine_commands& out) {
  if (settings_.options.durability != durability::exit) return std::nullopt;
  try {
    if (anchor_ != position_.id) append_checkpoint(checkpoint_source::loop, ports_.wall(), out);
    journal_tasks(out);
    return std::nullopt;
  } catch (...) {
    return current_failure().error.at({.graph = settings_.plan->name});
  }
}

void run_machine::journal_tasks(machine_commands& out) const {
  for (std::size_t i = 0; i < task_count_; ++i) {
    auto& one = *tasks_[i];
    if (one.state == task_state::finished) {
      journal(journal_kind::task, id_of(one), encode_result(*settings_.plan, one.outcome.result),
              out);
      continue;
    }
    for (const auto& waiting : one.outcome.interrupts) {
      journal(journal_kind::interrupt, waiting.id, encode_interrupt(waiting, id_of(one)), out);
    }
    if (one.node != one.planned && one.state != task_state::failed) journal_fallback(one, out);
    // A running attempt still owns its task; whatever it journalled stands under the earlier
    // anchor.
    if (one.state == task_state::running) continue;
    for (const auto& [key, result] : one.effects) {
      journal(journal_kind::effect, attempt_id(one) + "/" + key, result, out);
    }
  }
}

/// That a fallback has taken over: before it asks or does anything, so that a run that goes on
/// knows whose that was.
void run_machine::journal_fallback(task& broken, machine_commands& out) const {
  journal(journal_kind::failure, id_of(broken),
          encode_failure(*broken.failed_with, settings_.plan->name_of(broken.node)), out);
}

/// What was used since the last checkpoint must not be free because a part of the superstep waits.
void run_machine::journal_usage(machine_commands& out) const {
  journal(journal_kind::usage, {}, encode_usage(ports_.usage()), out);
}

void run_machine::journal(journal_kind kind, std::string key, std::string body,
                          machine_commands& out) const {
  out.writes.emplace_back(put_journal{.thread_id = settings_.thread_id,
                                      .ns = settings_.ns,
                                      .checkpoint = anchor_,
                                      .entry = {kind, std::move(key), std::move(body)}});
}

run_event& run_machine::event(event_kind kind, const task* of, machine_commands& out) const {
  auto& made = out.events.emplace_back();
  made.kind = kind;
  made.ns = settings_.ns;
  made.step = of != nullptr ? of->step : position_.step;
  if (of != nullptr && of->node < settings_.plan->nodes.size()) {
    made.node = settings_.plan->name_of(of->node);
    made.attempt = of->attempt;
  }
  return made;
}

void run_machine::lifecycle(std::string_view what, machine_commands& out) const {
  if (wants(event_kind::lifecycle)) event(event_kind::lifecycle, nullptr, out).name = what;
}

error_place run_machine::place_of(const task& of) const {
  return {.graph = settings_.plan->name,
          .node = settings_.plan->name_of(of.node),
          .task = of.id,
          .attempt = of.attempt};
}

}  // namespace mcp::core
