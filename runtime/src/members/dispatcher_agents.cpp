#include "members/dispatcher.hpp"
#include "net/steady_time.hpp"

#include <utility>

// The dispatcher's part for agents: their messages are tasks that would rather go to the worker
// that has the agent's state.

namespace mcp::cluster {

void dispatcher::submit(std::shared_ptr<remote_agent_call> call) {
  const auto rather = homes_.find(call->head().address).member;
  auto demand = call->demand();
  submit({.agent = std::move(call), .errands = errands()}, std::move(demand), rather);
}

void dispatcher::withdraw(const std::shared_ptr<remote_agent_call>& call) {
  withdraw(static_cast<const void*>(call.get()));
}

void dispatcher::answer(const std::shared_ptr<remote_agent_call>& call, agent_answer_message what) {
  const auto known = by_call_.find(call.get());
  if (known == by_call_.end()) return;
  // A worker that was lost may have asked.
  if (calls_.at(known->second).number != what.task) return;
  const auto at = members_.find(placement_.member_of(known->second));
  if (at == members_.end()) return;
  fit(what.bytes, what.failure);
  say(*at->second, std::move(what));
}

void dispatcher::say_agent_task(member& to, open_call& open) {
  auto& call = *open.agent;
  auto message = call.head();
  message.task = open.number;
  const auto& bytes = call.state().bytes;
  const auto home = homes_.find(message.address);
  if (bytes && home.member == to.id && home.bytes.lock() == bytes) {
    message.state = home.state;
  } else if (bytes) {
    message.bytes = *bytes;
  }
  call.placed();
  say(to, std::move(message));
}

void dispatcher::take(member& from, agent_turn_message turn) {
  const auto at_work = from.at_work.find(turn.task);
  if (at_work == from.at_work.end()) return;  // late
  const auto task = at_work->second;
  const auto call = calls_.at(task).agent;
  if (!call) throw error{errc::malformed_answer, "a worker takes a node's task for an agent's"};
  if (!turn.end) return call->turn(std::move(turn), {});
  const auto& address = call->head().address;
  if (turn.end->state_unknown) {
    homes_.forget(address);
    from.at_work.erase(at_work);
    return start(task, from.id);
  }
  raw_cbor state;
  if (turn.end->state && !turn.end->failure) {
    state.bytes = std::make_shared<const std::string>(std::move(*turn.end->state));
  }
  const auto& kept = state.bytes ? state.bytes : call->state().bytes;
  homes_.handled(address, {from.id, turn.task, kept});
  static_cast<void>(close_call(task));
  call->turn(std::move(turn), std::move(state));
}

void dispatcher::look_at_agents() {
  for (auto& one : std::exchange(again_, {})) submit(std::move(one));
  std::vector<placement::task_id> waiting;
  for (const auto task : agent_calls_) {
    auto& open = calls_.at(task);
    if (open.cancelled || open.agent->wanted()) continue;
    open.cancelled = true;
    const auto at = members_.find(placement_.member_of(task));
    if (at == members_.end()) {
      waiting.push_back(task);
    } else {
      say(*at->second, cancel_message{open.number});
    }
  }
  for (const auto task : waiting) {
    close_call(task).fail({errc::cancelled, "nobody waits for the answer any more"});
  }
}

}  // namespace mcp::cluster
