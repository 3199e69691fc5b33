#include "actors/subgraph_run.hpp"

#include "actors/attempt.hpp"
#include "core/checkpoint_codec.hpp"
#include "core/ids.hpp"

namespace mcp::actors {
namespace {

state_pointer fresh_state(const state_type& type) {
  return {type, type.make()};
}

/// The child's state right after its input.
state_pointer entered_state(const parent_task& parent) {
  const auto& type = *parent.spec->plan->state;
  auto state = fresh_state(type);
  const node_input input{parent.state, parent.task->input.input};
  for (auto& write : parent.spec->enter(input)) {
    auto& channel = type.at(write.channel);
    if (write.mode == write_mode::overwrite) {
      channel.assign(state.edit(), std::move(write.content), nullptr);
    } else {
      channel.reduce(state.edit(), std::move(write.content), nullptr);
    }
  }
  return state;
}

void begin_new(run_order& order, std::vector<channel_write> input) {
  order.opening = [input = std::move(input), plan = order.settings.plan](
                      core::run_machine& machine, core::machine_commands& out) mutable {
    machine.begin(fresh_state(*plan->state), {}, std::move(input), out);
  };
}

void go_on_from(run_order& order, const stored_checkpoint& stored) {
  auto body = core::decode_body(*order.settings.plan, stored.bodies.back());
  order.link->budget->at_least(core::usage_after(body.usage, stored.journal));
  order.opening = [state = core::rebuild_state(*order.settings.plan->state, stored),
                   at = core::position_of(stored), next = std::move(body.next),
                   journal = stored.journal, answers = order.link->answers](
                      core::run_machine& machine, core::machine_commands& out) mutable {
    machine.go_on(std::move(state), at, std::move(next), journal, answers, out);
  };
}

void fail_task(const parent_task& parent) {
  record_exception(*parent.task);
  caf::anon_send(parent.run, done_message{parent.task});
}

/// Decides whether the child goes on from its log or starts anew, and starts it.
caf::actor start_stored(caf::actor_system& system, run_order order) {
  const auto parent = order.parent;
  try {
    // What an earlier attempt wrote may still be on its way.
    order.link->writer->write_and_wait({});
    auto stored = order.link->writer->store()->load(order.settings.thread_id, order.settings.ns);
    if (stored) {
      go_on_from(order, *stored);
    } else {
      begin_new(order, parent.spec->enter({parent.state, parent.task->input.input}));
    }
    auto child = spawn_run(system, std::move(order));
    // Made on another thread than the parent's, which cannot know it: cancelled by a stop. The stop
    // may outlive the child, whose tasks keep this link: it must not keep the child.
    auto& above = static_cast<run_link&>(*parent.task->link);
    above.add_stop(*parent.task, [weak = caf::actor_cast<caf::actor_addr>(child)] {
      if (const auto alive = caf::actor_cast<caf::actor>(weak)) {
        caf::anon_send(alive, control_message{control_message::kind::cancel, nullptr});
      }
    });
    if (parent.task->cancelled.load(std::memory_order_acquire)) above.call_stops(*parent.task);
    return child;
  } catch (...) {
    fail_task(parent);
    return {};
  }
}

}  // namespace

caf::actor spawn_subgraph(caf::actor_system& system, const core::run_machine& parent_machine,
                          const run_order& above_order, crew& team, parent_task parent) {
  const auto& parent_link = *above_order.link;
  run_order order;
  const auto& above = parent_machine.settings();
  order.settings = {.plan = parent.spec->plan,
                    .run_id = above.run_id,
                    .thread_id = above.thread_id,
                    .stored = above.stored,
                    .budgeted = above.budgeted};
  // Each graph counts its own supersteps; deadline and budget are the whole run's.
  order.settings.options.recursion_limit = above.options.recursion_limit;
  order.settings.options.durability = above.options.durability;
  order.settings.options.events = above.options.events;
  const auto& id = parent_machine.id_of(*parent.task);
  order.settings.parent = above.plan;
  order.settings.ns = core::child_namespace(above.ns, above.plan->name_of(parent.task->node), id);
  auto link = std::make_shared<run_link>();
  link->owner = parent_link.owner;
  link->live = parent_link.live;
  link->budget = parent_link.budget;
  link->writer = parent_link.writer;
  link->claim = parent_link.claim;
  link->memory = parent_link.memory;
  link->metrics = parent_link.metrics;
  link->spans = parent_link.spans;
  link->trace = parent_link.trace;
  link->epoch = parent_link.epoch;
  link->plan = parent.spec->plan;
  link->ns = order.settings.ns;
  // In a run that goes on and in a further attempt the subgraph goes on from its own log.
  const bool known = parent_link.recovered || parent.task->attempt > 1;
  link->recovered = known;
  link->above = parent.task;
  link->answers.insert(parent.task->answers.begin(), parent.task->answers.end());
  order.link = std::move(link);
  order.team = &team;
  order.census = above_order.census;
  order.parent = std::move(parent);
  if (above.stored && known) {
    if (order.link->writer->direct()) return start_stored(system, std::move(order));
    const auto waiting = order.parent;
    const bool taken = parent_link.owner->workers().submit(
        [&system, order]() mutable { start_stored(system, std::move(order)); });
    if (!taken) {
      waiting.task->outcome.what = core::task_outcome::kind::failed;
      waiting.task->outcome.failure.error =
          error{errc::overloaded, "too many tasks wait for a blocking thread"};
      caf::anon_send(waiting.run, done_message{waiting.task});
    }
    return {};
  }
  const auto reporting = order.parent;
  try {
    begin_new(order, reporting.spec->enter({reporting.state, reporting.task->input.input}));
    return spawn_run(system, std::move(order));
  } catch (...) {
    fail_task(reporting);
    return {};
  }
}

void report_to_parent(parent_task& parent, const core::run_machine& child, run_result_info info) {
  auto& outcome = parent.task->outcome;
  switch (info.status) {
    case run_status::interrupted:
      outcome.what = core::task_outcome::kind::interrupted;
      outcome.interrupts = std::move(info.interrupts);
      return;
    case run_status::done:
      break;
    default:
      outcome.what = core::task_outcome::kind::failed;
      outcome.failure.error = info.error.value_or(error{errc::node_failed, "the subgraph failed"});
      return;
  }
  try {
    if (const auto& command = child.result().parent) {
      if (command->type != nullptr && !command->type->same(parent.state.type())) {
        throw error{errc::invalid_update, "a command for the parent graph is for the state \"" +
                                              command->type->name() + "\", the parent's is \"" +
                                              parent.state.type().name() + "\""};
      }
      outcome.result.writes = command->writes;
      outcome.result.go_to = command->go_to;
      return;
    }
    const auto before = parent.spec->needs_before ? entered_state(parent) : state_pointer{};
    outcome.result = parent.spec->leave(before.get(), child.state().get());
  } catch (...) {
    record_exception(*parent.task);
  }
}

}  // namespace mcp::actors
