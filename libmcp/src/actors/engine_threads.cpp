#include "actors/thread_hold.hpp"
#include "core/checkpoint_codec.hpp"
#include "core/ids.hpp"
#include "core/interrupts.hpp"
#include "core/replay.hpp"
#include "core/thread_name.hpp"
#include "mcp/log_fields.hpp"

#include <spdlog/spdlog.h>

// The engine's dealings with stored threads: resume, recovery, state, history, update, fork.

namespace mcp::actors {
namespace {

/// Ports for a machine that only edits a thread.
class edit_ports final : public core::machine_ports {
 public:
  explicit edit_ports(clock_port& clock) : clock_(clock) {}
  core::instant now() override { return clock_.now(); }
  store_time wall() override { return clock_.wall(); }
  std::uint64_t random() override { return clock_.random(); }
  std::optional<error> charge(std::int64_t, std::int64_t) override { return std::nullopt; }
  run_usage usage() override { return {}; }

 private:
  clock_port& clock_;
};

/// The options of a run that goes on: the stored ones, with what its caller says anew.
run_options merge_options(const run_record& run, run_options given) {
  const run_options defaults;
  auto options = core::decode_options(run.body);
  options.thread_id = run.thread_id;
  options.events = given.events;
  options.event_capacity = given.event_capacity;
  options.deadline = given.deadline;
  if (given.recursion_limit != defaults.recursion_limit)
    options.recursion_limit = given.recursion_limit;
  if (given.durability != defaults.durability) options.durability = given.durability;
  if (!given.interrupt_before.empty()) options.interrupt_before = std::move(given.interrupt_before);
  if (!given.interrupt_after.empty()) options.interrupt_after = std::move(given.interrupt_after);
  const bool budget =
      given.budget.steps > 0 || given.budget.node_calls > 0 || !given.budget.counters.empty();
  if (budget) options.budget = std::move(given.budget);
  return options;
}

}  // namespace

const graph_plan& engine::plan_of(const std::string& ns) const {
  const auto* plan = plan_.get();
  std::string_view rest = ns;
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const auto node = plan->find(part.substr(0, part.find(':')));
    if (node == end_index || !plan->nodes[node].spec.subgraph.plan) {
      throw error{errc::unknown_node, "the namespace \"" + ns +
                                          "\" is not one of a subgraph of \"" + plan_->name + "\""};
    }
    plan = plan->nodes[node].spec.subgraph.plan.get();
  }
  return *plan;
}

/// A thread has one run at a time. One that waits for an answer ends when another takes its place;
/// one that is at work somewhere does not.
void engine::replace_last_run(const std::string& thread_id, const std::string& why,
                              std::vector<store_write>& writes) {
  const auto last = store().last_run(thread_id);
  if (!last) return;
  if (last->status == run_status::accepted || last->status == run_status::running) {
    throw error{errc::thread_busy, "run " + last->run_id + " of graph \"" + last->graph +
                                       "\" on thread \"" + thread_id +
                                       "\" was accepted and is not finished; resume the thread"};
  }
  if (last->status != run_status::interrupted) return;
  writes.emplace_back(set_run_status{.run_id = last->run_id,
                                     .status = run_status::cancelled,
                                     .error = why,
                                     .updated = runtime_->clock().wall()});
}

stored_checkpoint engine::load(const std::string& thread_id, std::optional<checkpoint_id> at,
                               const std::string& ns) const {
  auto stored = store().load(thread_id, ns, at);
  if (stored) return std::move(*stored);
  if (at) {
    throw error{errc::unknown_checkpoint,
                "thread \"" + thread_id + "\" has no checkpoint " + at->text()};
  }
  throw error{errc::unknown_thread, "thread \"" + thread_id + "\" is not in the store" +
                                        (ns.empty() ? "" : ", or has no namespace \"" + ns + "\"")};
}

std::string engine::body_of(const run_options& options) const {
  std::optional<store_time> due;
  if (options.deadline.count() != 0) due = runtime_->clock().wall() + options.deadline;
  return core::encode_options(options, due, options_.version);
}

void engine::go_on(const std::shared_ptr<live_run>& live, const run_record& run,
                   run_options options, const stored_checkpoint& stored,
                   const std::map<std::string, std::string>& answers) {
  auto body = core::decode_body(*plan_, stored.bodies.back());
  auto order = make_order(live, options, core::usage_after(body.usage, stored.journal));
  order.link->recovered = true;
  auto restarted = run;
  restarted.status = run_status::running;
  restarted.error.clear();
  restarted.updated = runtime_->clock().wall();
  std::vector<store_write> writes;
  writes.emplace_back(put_run{std::move(restarted)});
  for (const auto& [id, answer] : answers) {
    writes.emplace_back(put_journal{.thread_id = run.thread_id,
                                    .checkpoint = stored.info.id,
                                    .entry = {journal_kind::answer, id, answer}});
  }
  writer_->write_and_wait(std::move(writes));
  live->accept();
  order.opening = [state = core::rebuild_state(*plan_->state, stored),
                   at = core::position_of(stored), next = std::move(body.next),
                   journal = stored.journal,
                   answers](core::run_machine& machine, core::machine_commands& out) mutable {
    machine.go_on(std::move(state), at, std::move(next), journal, answers, out);
  };
  launch(live, std::move(order));
}

std::shared_ptr<live_run> engine::resume(const std::string& thread_id,
                                         std::map<std::string, std::string> answers,
                                         run_options given) {
  thread_hold hold{*this, thread_id};
  const auto stored = load(thread_id, std::nullopt, "");
  answers = core::match_answers(core::pending_interrupts(stored.journal), std::move(answers));
  answers.emplace(core::gate_key, to_cbor(true));
  auto run = store().last_run(thread_id);
  if (!run) {  // a thread that was copied, or made by `update_state`
    const auto now = runtime_->clock().wall();
    given.thread_id = thread_id;
    run = run_record{.run_id = random_id(),
                     .thread_id = thread_id,
                     .graph = plan_->name,
                     .body = body_of(given),
                     .created = now,
                     .updated = now};
  }
  check_version(*run);
  const auto options = merge_options(*run, std::move(given));
  core::check_stops(*plan_, options, true);
  run->body = body_of(options);
  const auto live = make_live(run->run_id, options);
  hold.name(live);
  go_on(live, *run, options, stored, answers);
  hold.keep();
  return live;
}

void engine::check_version(const run_record& run) const {
  if (options_.version.empty()) return;
  const auto pinned = pinned_version(run);
  if (pinned.empty() || pinned == options_.version) return;
  throw error{errc::unknown_version, "run " + run.run_id + " of thread \"" + run.thread_id +
                                         "\" is pinned to version " + pinned + " of graph \"" +
                                         plan_->name + "\"; this one is " + options_.version};
}

state_pointer engine::take_state(const std::string& thread_id, const stored_checkpoint& stored,
                                 core::log_position& at) {
  at = core::position_of(stored);
  const auto last = options_.migrate ? store().last_run(thread_id) : std::nullopt;
  const auto from = last ? core::decode_version(last->body) : options_.version;
  if (from == options_.version) return core::rebuild_state(*plan_->state, stored);
  const bool whole = stored.info.base && stored.info.base == stored.info.id;
  const auto old = whole ? stored.snapshot : core::replay(stored.snapshot, stored.bodies);
  auto moved = stored;
  moved.snapshot = json_to_cbor(options_.migrate(from, cbor_to_json(old)));
  moved.info.base = moved.info.id;     // as it is read here; the log keeps what it has
  at.bytes_since_base = SIZE_MAX / 2;  // so that the next checkpoint holds the whole state
  return core::rebuild_state(*plan_->state, moved);
}

std::vector<std::shared_ptr<live_run>> engine::recover() {
  constexpr std::size_t most_told = 10'000;
  std::vector<std::shared_ptr<live_run>> taken;
  const auto unfinished = store().runs({.graph = plan_->name,
                                        .statuses = {run_status::accepted, run_status::running},
                                        .unclaimed = true,
                                        .limit = 1'000'000});
  for (const auto& run : unfinished) {
    if (unrecoverable_.contains(run.run_id)) continue;
    const auto describe = [&](log_fields& to) {
      to = {.run = run.run_id, .thread = run.thread_id, .graph = run.graph};
    };
    const log_scope about{describe};
    try {
      check_version(run);
      if (auto live = recover_run(run)) taken.push_back(std::move(live));
    } catch (const error& what) {
      if (what.code() == errc::thread_busy) continue;  // another executor's
      if (what.code() == errc::shutting_down || what.code() == errc::lease_lost) break;
      if (what.code() == errc::overloaded) {
        spdlog::warn("graph \"{}\": some unfinished runs wait for another executor: {}",
                     plan_->name, what.message());
        break;
      }
      const bool others = what.code() == errc::unknown_version;
      spdlog::log(others ? spdlog::level::info : spdlog::level::err,
                  "graph \"{}\": run {} of thread \"{}\" cannot be recovered: {}", plan_->name,
                  run.run_id, run.thread_id, what.what());
      if (unrecoverable_.size() < most_told) unrecoverable_.insert(run.run_id);
    }
  }
  return taken;
}

void engine::recover_more() {
  std::vector<std::shared_ptr<live_run>> taken;
  try {
    taken = recover();
  } catch (const error& what) {  // they are told of again
    spdlog::warn("graph \"{}\": unfinished runs cannot be looked for: {}", plan_->name,
                 what.what());
  }
  if (!options_.on_recovered) return;
  for (const auto& one : taken) options_.on_recovered(run_handle_base{one});
}

/// Null when it is finished by now.
std::shared_ptr<live_run> engine::recover_run(const run_record& listed) {
  thread_hold hold{*this, listed.thread_id};
  // Between the list and the hold another executor may have finished it.
  const auto run = store().run(listed.run_id);
  if (!run || run->status > run_status::running) return nullptr;
  auto options = core::decode_options(run->body);
  options.thread_id = run->thread_id;
  if (const auto due = core::decode_due(run->body)) {
    const auto left = *due - runtime_->clock().wall();
    options.deadline = left.count() > 0 ? left : milliseconds{-1};
  }
  const auto stored = load(run->thread_id, std::nullopt, "");
  const auto live = make_live(run->run_id, options);
  hold.name(live);
  go_on(live, *run, options, stored, {});
  hold.keep();
  return live;
}

thread_state_base engine::state(const std::string& thread_id, std::optional<checkpoint_id> at,
                                const std::string& ns) {
  const auto& plan = plan_of(ns);
  const auto stored = load(thread_id, at, ns);
  thread_state_base result;
  result.state = core::rebuild_state(*plan.state, stored);
  result.info = stored.info;
  result.next = core::next_nodes(stored.bodies.back());
  result.interrupts = core::pending_interrupts(stored.journal);
  if (const auto run = store().last_run(thread_id)) result.status = run->status;
  return result;
}

std::vector<checkpoint_entry> engine::history(const std::string& thread_id,
                                              const history_query& query, const std::string& ns) {
  std::vector<checkpoint_entry> entries;
  for (auto& info : store().history(thread_id, ns, query)) {
    const auto body = store().body(thread_id, ns, info.id);
    if (!body) continue;  // pruned meanwhile
    entries.push_back({std::move(info), core::next_nodes(*body)});
  }
  return entries;
}

checkpoint_id engine::update_state(const std::string& thread_id, node_result change,
                                   const std::string& as_node) {
  core::check_thread_id(thread_id);
  const thread_hold hold{*this, thread_id};
  const auto stored = store().load(thread_id, "");
  const auto body =
      stored ? core::decode_body(*plan_, stored->bodies.back()) : core::decoded_body{};
  auto node = start_index;
  if (as_node == end) {
    node = end_index;
  } else if (as_node.empty() && body.ran.size() > 1) {
    throw error{errc::invalid_argument, "several nodes ran last in thread \"" + thread_id +
                                            "\": say which one the update is from"};
  } else if (const auto& name = as_node.empty() && !body.ran.empty() ? body.ran.front() : as_node;
             !name.empty() && name != mcp::start) {
    node = plan_->find(name);
    if (node == end_index)
      throw error{errc::unknown_node, "no node \"" + name + "\" in this graph"};
  }
  edit_ports ports{runtime_->clock()};
  core::run_machine machine{{.plan = plan_, .run_id = "", .thread_id = thread_id, .stored = true},
                            ports};
  core::machine_commands out;
  machine.edit(stored ? core::rebuild_state(*plan_->state, *stored)
                      : state_pointer{*plan_->state, plan_->state->make()},
               stored ? core::position_of(*stored) : core::log_position{}, body.next,
               stored ? stored->journal : std::vector<journal_entry>{}, node, std::move(change),
               out);
  if (machine.result().error) throw error{*machine.result().error};
  if (stored && machine.next().empty()) {
    replace_last_run(thread_id, "an update of the state left nothing to run", out.writes);
  }
  writer_->write_and_wait(std::move(out.writes));
  return machine.position().id;
}

checkpoint_id engine::fork(const std::string& thread_id, checkpoint_id at) {
  const thread_hold hold{*this, thread_id};
  const auto head = load(thread_id, std::nullopt, "").info.id;
  const auto stored = load(thread_id, at, "");
  put_checkpoint put;
  put.thread_id = thread_id;
  put.info = stored.info;
  put.info.id = core::next_checkpoint_id(head, runtime_->clock().wall(),
                                         static_cast<std::uint32_t>(runtime_->clock().random()));
  put.info.parent = stored.info.id;
  put.info.source = checkpoint_source::fork;
  put.info.created = runtime_->clock().wall();
  auto body = core::decode_body(*plan_, stored.bodies.back());
  body.next.shared_ids = false;  // its tasks are new, and with them their ids
  std::vector<node_index> ran;
  for (const auto& name : body.ran) ran.push_back(plan_->find(name));
  put.body = core::encode_body(*plan_, {}, body.next, ran, &body.usage);
  const auto id = put.info.id;
  std::vector<store_write> writes;
  writes.emplace_back(std::move(put));
  writer_->write_and_wait(std::move(writes));
  return id;
}

}  // namespace mcp::actors
