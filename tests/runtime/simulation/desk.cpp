#include "runtime/simulation/desk.hpp"

#include "cluster/messages.hpp"
#include "runtime/simulation/database.hpp"

#include <algorithm>
#include <utility>

namespace mcp::simulation {

using namespace mcp::cluster;

namespace {

constexpr instant tick_every = milliseconds{25};

}  // namespace

std::string spoken(std::string bytes, std::uint64_t version) {
  const auto one = decode_frame(bytes);
  const auto* hello = std::get_if<hello_frame>(&one);
  if (hello == nullptr) return bytes;
  auto made = *hello;
  made.highest = std::min(made.highest, version);
  return encode_frame(made);
}

desk::desk(process& owner, member_identity self, std::uint64_t version, ports to)
    : owner_(owner), self_(std::move(self)), version_(version), ports_(std::move(to)) {
  tick();
}

void desk::tick() {
  for (const auto id : membership_.lost(owner_.clock())) remove(id);
  placement_.tick(owner_.clock());
  act();
  owner_.later(tick_every, [this] { tick(); });
}

void desk::close() {
  for (auto& [id, one] : members_) {
    if (one->way) one->way->close(1);
  }
  for (const auto& one : strangers_) one->close(1);
}

// Connections ------------------------------------------------------------------------------------

void desk::accept(const std::shared_ptr<connection>& from) {
  auto* key = from.get();
  strangers_.push_back(from);
  from->bind(1, {.owner = &owner_,
                 .life = owner_.life(),
                 .frame = [this, key](const std::string& frame) { heard(key, frame); },
                 .closed = [this, key] { broken(key); }});
}

void desk::heard(connection* from, const std::string& bytes) {
  const auto frame = spoken(bytes, version_);
  const auto known = by_way_.find(from);
  auto* one = known == by_way_.end() ? greet(from, frame) : members_.at(known->second).get();
  if (one == nullptr) return;
  const auto id = one->id;
  one->link.received(frame, owner_.clock());
  while (auto message = one->link.next_message()) {
    take(*one, *message);
    if (!members_.contains(id)) return act();
  }
  pump(*one);
  act();
}

std::shared_ptr<connection> desk::take_stranger(const connection* who) {
  const auto found = std::find_if(strangers_.begin(), strangers_.end(),
                                  [&](const auto& one) { return one.get() == who; });
  if (found == strangers_.end()) return nullptr;
  auto taken = std::move(*found);
  strangers_.erase(found);
  return taken;
}

desk::member* desk::greet(connection* from, const std::string& frame) {
  const auto stranger = take_stranger(from);
  if (!stranger) return nullptr;  // what was on its way when it was closed
  const auto first = decode_frame(frame);
  const auto& hello = std::get<hello_frame>(first);
  std::string refusal = "given up";
  try {
    if (const auto admitted = membership_.admit(hello.name, hello.incarnation)) {
      if (admitted->replaced != 0) remove(admitted->replaced);
      auto& one = members_[admitted->member];
      if (admitted->fresh) {
        one = std::unique_ptr<member>{new member{
            .id = admitted->member, .link = delivery_link{self_, hello.name, small_link}}};
      } else if (one->way) {
        by_way_.erase(one->way.get());
        one->way->close(1);
        one->link.disconnected();
      }
      one->way = stranger;
      by_way_[from] = one->id;
      membership_.connected(one->id, "");
      one->link.connected(owner_.clock());
      return one.get();
    }
  } catch (const error& wrong) {
    refusal = wrong.message();
  }
  stranger->send(1, encode_frame(bye_frame{refusal}));
  stranger->close(1);
  return nullptr;
}

void desk::broken(connection* from) {
  static_cast<void>(take_stranger(from));
  if (const auto known = by_way_.find(from); known != by_way_.end()) {
    disconnect(*members_.at(known->second));
  }
}

void desk::disconnect(member& of) {
  by_way_.erase(of.way.get());
  of.way = nullptr;
  of.link.disconnected();
  membership_.disconnected(of.id, owner_.clock());
}

void desk::remove(member_id id) {
  const auto gone = std::move(members_.extract(id).mapped());
  if (gone->way) {
    by_way_.erase(gone->way.get());
    gone->way->close(1);
  }
  membership_.remove(id);
  states_.leave(id);
  placement_.leave(id, owner_.clock());
}

void desk::pump(member& of) {
  while (!of.outbox.empty() && of.link.send(of.outbox.front())) of.outbox.pop_front();
  if (of.link.queued_bytes() > small_link.queued_bytes)
    ports_.violated("a link's queue is too long");
  if (!of.way) return;
  while (auto frame = of.link.next_frame(owner_.clock())) {
    of.way->send(1, spoken(std::move(*frame), version_));
  }
  if (!of.link.closing(owner_.clock())) return wake(of);
  of.way->close(1);
  disconnect(of);
}

void desk::wake(member& of) {
  const auto at = of.link.wake();
  if (!at || (of.wakes && *of.wakes <= *at)) return;
  of.wakes = *at;
  owner_.later(std::max(instant{0}, *at - owner_.clock()), [this, id = of.id, at = *at] {
    const auto found = members_.find(id);
    if (found == members_.end() || found->second->wakes != at) return;
    found->second->wakes.reset();
    pump(*found->second);
  });
}

// What workers say -------------------------------------------------------------------------------

void desk::take(member& from, const std::string& bytes) {
  const auto message = read_worker_message(bytes);
  if (const auto* offer = std::get_if<offer_message>(&message)) {
    placement_.join(from.id, from.link.peer(), {.slots = offer->slots}, owner_.clock());
  } else if (const auto* result = std::get_if<result_message>(&message)) {
    const auto task = from.at_work.find(result->task);
    if (task == from.at_work.end()) return;  // late
    const auto call = close_call(task->second);
    if (result->failure) return ports_.ended(call, std::nullopt);
    ports_.ended(call, std::stoll(result->writes.at(0).bytes));
  } else if (const auto* wish = std::get_if<wish_message>(&message)) {
    take_wish(from, *wish);
  } else if (std::holds_alternative<leaving_message>(message)) {
    placement_.drain(from.id, owner_.clock());
  }
}

void desk::take_wish(member& from, const wish_message& wish) {
  const auto found = from.at_work.find(wish.task);
  if (found == from.at_work.end()) return;
  const auto task = found->second;
  told_message told{.task = wish.task, .number = wish.number};
  if (const auto* kept = std::get_if<effect_kept>(&wish.what)) {
    errand(task, [this, task, told, to = from.id, result = kept->result] {
      ports_.keep_effect(calls_.at(task).call, result, [this, task, told, to] {
        answer(to, told);
        errand_done(task);
      });
    });
  } else {
    errand(task, [this, task, told, to = from.id]() mutable {
      told.bytes = ports_.find_effect(calls_.at(task).call);
      answer(to, told);
      errand_done(task);
    });
  }
}

void desk::errand(task_id task, std::function<void()> what) {
  auto& waiting = calls_.at(task).errands;
  waiting.push_back(std::move(what));
  if (waiting.size() == 1) std::function<void()>{waiting.front()}();
}

void desk::errand_done(task_id task) {
  const auto found = calls_.find(task);
  if (found == calls_.end()) return;
  auto& waiting = found->second.errands;
  waiting.pop_front();
  if (!waiting.empty()) std::function<void()>{waiting.front()}();
}

void desk::answer(member_id to, const told_message& told) {
  const auto found = members_.find(to);
  if (found == members_.end()) return;
  say(*found->second, to_cbor(server_message{told}));
  pump(*found->second);
}

void desk::say(member& to, std::string bytes) {
  stirred_.insert(to.id);
  if (to.outbox.empty() && to.link.send(bytes)) return;
  to.outbox.push_back(std::move(bytes));
  most_behind_ = std::max(most_behind_, to.outbox.size());
}

// Calls ------------------------------------------------------------------------------------------

void desk::submit(task_call call) {
  const auto task = ++last_task_;
  calls_[task].call = std::move(call);
  placement_.submit(task, {}, owner_.clock());
  act();
}

task_call desk::close_call(task_id task) {
  auto open = std::move(calls_.extract(task).mapped());
  if (const auto at = members_.find(placement_.member_of(task)); at != members_.end()) {
    at->second->at_work.erase(open.number);
  }
  if (open.state != 0) states_.release(open.state);
  placement_.finish(task);
  return std::move(open.call);
}

void desk::act() {
  for (auto all = placement_.take_actions(); !all.empty(); all = placement_.take_actions()) {
    for (const auto& one : all) {
      if (const auto* place = std::get_if<placement::place>(&one)) {
        start(place->task, place->member);
      } else {
        ports_.ended(close_call(std::get<placement::refuse>(one).task), std::nullopt);
      }
    }
  }
  for (const auto& [id, state] : states_.take_forgotten()) {
    const auto found = members_.find(id);
    if (found != members_.end())
      say(*found->second, to_cbor(server_message{forget_message{state}}));
  }
  for (const auto id : std::exchange(stirred_, {})) {
    if (const auto found = members_.find(id); found != members_.end()) pump(*found->second);
  }
}

void desk::start(task_id task, member_id at) {
  const auto found = calls_.find(task);
  if (found == calls_.end() || placement_.member_of(task) != at) return;
  auto& to = *members_.at(at);
  auto& open = found->second;
  open.number = ++last_number_;
  if (open.state == 0) {
    const auto fields = [&] {
      return state_fields{std::make_shared<const std::string>(std::to_string(*open.call.state)),
                          std::make_shared<const std::string>(300, '.')};
    };
    open.state = states_.use(open.call.state.get(), std::to_string(open.call.run), fields);
  }
  if (const auto shipped = states_.before_task(at, open.state)) {
    say(to, to_cbor(server_message{*shipped}));
  }
  if (to.link.version() >= 2) say(to, news_of_version_2);
  to.at_work[open.number] = task;
  const auto& call = open.call;
  say(to, to_cbor(server_message{
              task_message{.task = open.number,
                           .node = std::to_string(plan::value(call.run, call.step, call.index)),
                           .thread_id = std::to_string(call.run),
                           .task_id = call.key(),
                           .step = call.step,
                           .state = open.state}}));
}

}  // namespace mcp::simulation
