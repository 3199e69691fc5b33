#include "members/dispatcher.hpp"
#include "net/steady_time.hpp"

#include <utility>

#include <spdlog/spdlog.h>

// The dispatcher's part for calls: where they are placed, and what their workers are told.

namespace mcp::cluster {
namespace {

/// Fewer than a worker keeps: those that it was told of last are there.
constexpr std::size_t systems_at_member = 50;

}  // namespace

void dispatcher::open_call::fail(const error& reason) const {
  if (agent) return agent->fail(reason);
  static_cast<void>(call->reply->fail({.error = reason}));
}

void dispatcher::submit(std::shared_ptr<remote_call> call) {
  if (call->withdrawn.load(std::memory_order_acquire)) return;
  auto demand = call->demand;
  if (demand.plugins.empty() || stopped_) {
    return submit({.call = std::move(call), .errands = errands()}, std::move(demand), 0);
  }
  const auto run_id = call->head.run_id;
  pins_of(run_id).waiting.push_back(std::move(call));
  submit_pinned(run_id);
}

void dispatcher::submit(open_call call, task_demand demand, member_id rather) {
  if (stopped_) return call.fail(*stopped_);
  const auto task = ++last_task_;
  if (call.agent) agent_calls_.insert(task);
  by_call_[call.agent ? static_cast<const void*>(call.agent.get()) : call.call.get()] = task;
  calls_.emplace(task, std::move(call));
  placement_.submit(task, std::move(demand), steady_time(), rather);
}

void dispatcher::withdraw(const std::shared_ptr<remote_call>& call) {
  withdraw(static_cast<const void*>(call.get()));
}

void dispatcher::withdraw(const void* call) {
  const auto known = by_call_.find(call);
  if (known == by_call_.end()) return;
  const auto task = known->second;
  const auto at = placement_.member_of(task);
  const auto number = calls_.at(task).number;
  static_cast<void>(close_call(task));
  if (const auto found = members_.find(at); found != members_.end()) {
    say(*found->second, cancel_message{number});
  }
}

dispatcher::open_call dispatcher::close_call(placement::task_id task) {
  const auto found = calls_.find(task);
  auto open = std::move(found->second);
  open.release_holds();
  if (const auto at = members_.find(placement_.member_of(task)); at != members_.end()) {
    at->second->at_work.erase(open.number);
  }
  if (open.state != 0) states_.release(open.state);
  calls_.erase(found);
  by_call_.erase(open.agent ? static_cast<const void*>(open.agent.get()) : open.call.get());
  agent_calls_.erase(task);
  placement_.finish(task);
  return open;
}

void dispatcher::open_call::release_holds() {
  for (const auto& [counter, amount] : std::exchange(held, {})) {
    call->reply->context().port().release(counter, amount, 0);
  }
}

void dispatcher::add_system(system_message system) {
  auto& known = systems_[system.hash];
  known.file = std::move(system);
  ++known.added;
}

void dispatcher::remove_system(const std::string& hash) {
  const auto known = systems_.find(hash);
  if (known != systems_.end() && --known->second.added == 0) systems_.erase(known);
}

void dispatcher::act() {
  for (auto actions = placement_.take_actions(); !actions.empty();
       actions = placement_.take_actions()) {
    for (auto& action : actions) {
      if (const auto* place = std::get_if<placement::place>(&action)) {
        start(place->task, place->member);
      } else {
        refuse(std::get<placement::refuse>(action));
      }
    }
  }
  say_forgotten();
  for (const auto id : std::exchange(stirred_, {})) {
    if (const auto found = members_.find(id); found != members_.end()) pump(*found->second);
  }
}

void dispatcher::say_forgotten() {
  for (const auto& [id, state] : states_.take_forgotten()) {
    if (const auto found = members_.find(id); found != members_.end()) {
      say(*found->second, forget_message{state});
    }
  }
}

void dispatcher::refuse(placement::refuse& refusal) {
  const auto open = close_call(refusal.task);
  if (!open.agent || !open.agent->outlasts(refusal.reason)) return open.fail(refusal.reason);
  spdlog::warn("cluster: a durable message of the agent \"{}\" waits on: {}",
               open.agent->head().address, refusal.reason.message());
  again_.push_back(open.agent);
}

void dispatcher::start(placement::task_id task, member_id at) {
  const auto found = calls_.find(task);
  if (found == calls_.end() || placement_.member_of(task) != at) return;
  auto& member = *members_.at(at);
  auto& open = found->second;
  if (open.cancelled) {
    close_call(task).fail({errc::cancelled, "nobody waits for the answer any more"});
    return;
  }
  if (open.unpinned) return submit(close_call(task).call);  // now somebody offers a version
  open.number = ++last_number_;
  open.release_holds();  // of an attempt that its worker has lost
  try {
    open.agent ? say_system(member, open.agent->head().system, false)
               : say_system(member, open.call->head.system,
                            open.call->reply->context().memory() != nullptr);
    member.at_work[open.number] = task;
    open.agent ? say_agent_task(member, open) : say_node_task(member, open);
  } catch (const std::exception& wrong) {
    const auto* ours = dynamic_cast<const error*>(&wrong);
    close_call(task).fail(ours != nullptr ? *ours : error{errc::node_failed, wrong.what()});
  }
}

void dispatcher::say_node_task(member& to, open_call& open) {
  const auto& call = *open.call;
  auto message = call.head;
  message.task = open.number;
  const auto& state = call.input.state;
  if (state && open.state == 0) {
    open.state = states_.use(state.get(), call.head.run_id + '/' + call.head.ns,
                             [&] { return encode_state(state); });
  }
  message.state = open.state;
  if (call.input.input.has_value()) message.input = encode_value(call.input.input);
  if (open.state != 0) {
    if (const auto shipped = states_.before_task(to.id, open.state)) say(to, *shipped);
  }
  if (!call.traceparent.empty()) say(to, trace_message{open.number, call.traceparent});
  say(to, std::move(message));
}

void dispatcher::say_system(member& to, const std::string& hash, bool remembers) {
  auto [known, fresh] = to.systems.emplace(hash, false);
  if (fresh) {
    say(to, systems_.at(hash).file);
    to.told_systems.push_back(hash);
    if (to.told_systems.size() > systems_at_member) {
      to.systems.erase(to.told_systems.front());
      to.told_systems.pop_front();
    }
  }
  if (!remembers || known->second || to.link.version() < wire_version_of_memory) return;
  known->second = true;
  say(to, memory_message{hash});
}

}  // namespace mcp::cluster
