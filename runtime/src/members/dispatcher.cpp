#include "members/dispatcher.hpp"

#include "cluster/memory_wire.hpp"
#include "delivery/frame.hpp"
#include "mcp/log_fields.hpp"
#include "net/steady_time.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds tick_every{25};
constexpr std::size_t look_at_agents_every = 4;  ///< ticks
constexpr std::uint64_t most_slots = 10'000;
constexpr std::size_t most_labels = 100;
constexpr std::size_t most_plugins = 1'000;
/// Fewer than a worker keeps: those that it was told of last are there.
constexpr std::size_t systems_at_member = 50;
constexpr std::size_t bytes_around_answer = 1'000;  ///< at most, in its message

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;  // clang 14 does not find it by itself

/// For `log_scope`: lines about a member. Borrows the name.
struct about_member {
  const std::string& name;
  void operator()(log_fields& to) const { to.member = name; }
};

void check(const offer_message& offer) {
  const auto refuse = [](const std::string& what) {
    throw error{errc::malformed_answer, "a worker offers " + what};
  };
  if (offer.slots == 0 || offer.slots > most_slots) {
    refuse(std::to_string(offer.slots) + " slots; 1 to " + std::to_string(most_slots) + " may be");
  }
  if (offer.labels.size() > most_labels) refuse("more than 100 labels");
  if (offer.plugins.size() > most_plugins) refuse("more than 1,000 plugins");
}

}  // namespace

dispatcher::dispatcher(caf::actor_config& config, member_identity self, dispatcher_limits limits,
                       boost::asio::thread_pool& errands)
    : cluster_actor(config),
      self_(std::move(self)),
      limits_(limits),
      membership_({.members = limits.placement.members, .grace = limits.grace}),
      placement_(limits.placement),
      errands_(errands) {}

dispatcher::~dispatcher() = default;

caf::behavior dispatcher::make_behavior() {
  delayed_send(this, tick_every, clock_tick{});
  return {[this](const pipe_opened& what) { opened(what); },
          [this](const pipe_frames& what) { arrived(what); },
          [this](const pipe_closed& what) { closed(what); },
          [](const task_posted& what) { what.run(); },
          [this](clock_tick) {
            tick();
            delayed_send(this, tick_every, clock_tick{});
          },
          [this](close_message) { quit(); }};
}

void dispatcher::on_exit() {
  for (auto& [id, one] : members_) {
    if (one->pipe) send(one->pipe, close_message{});
  }
  for (auto& [pipe, one] : strangers_) send(one.pipe, close_message{});
  members_.clear();
  strangers_.clear();
}

// Connections ------------------------------------------------------------------------------------

void dispatcher::opened(const pipe_opened& what) {
  if (strangers_.size() >= limits_.strangers) {
    spdlog::warn("cluster: the connection of {} is closed: {} others have not said who they are",
                 what.address, strangers_.size());
    return send(what.pipe, close_message{});
  }
  strangers_[what.pipe.id()] = {what.pipe, what.address, steady_time()};
}

void dispatcher::arrived(const pipe_frames& what) {
  if (const auto known = by_pipe_.find(what.pipe); known != by_pipe_.end()) {
    hear(*members_.at(known->second), what.frames);
  } else if (auto unknown = strangers_.extract(what.pipe); !unknown.empty()) {
    greet(std::move(unknown.mapped()), what);
  }
  act();
}

void dispatcher::closed(const pipe_closed& what) {
  if (auto unknown = strangers_.extract(what.pipe); !unknown.empty()) {
    spdlog::warn("cluster: {} said no hello: {}", unknown.mapped().address, what.reason);
    return;
  }
  const auto known = by_pipe_.find(what.pipe);
  if (known == by_pipe_.end()) return;
  auto& member = *members_.at(known->second);
  const about_member subject{member.name};
  const log_scope about{subject};
  spdlog::info("cluster: the connection to member \"{}\" ended: {}", member.name, what.reason);
  disconnect(member);
}

void dispatcher::greet(stranger from, const pipe_frames& what) {
  const auto& frames = what.frames;
  std::string refusal;
  try {
    const auto first = decode_frame(frames.front());
    const auto* hello = std::get_if<hello_frame>(&first);
    if (hello == nullptr) throw error{errc::malformed_answer, "the first frame is no hello"};
    if (!what.certified.empty() && what.certified != hello->name) {
      throw error{errc::access_denied, "its certificate is for \"" + what.certified +
                                           "\", and it says that it is \"" + hello->name + "\""};
    }
    if (auto* member = member_for(*hello)) {
      if (member->pipe) {
        by_pipe_.erase(member->pipe.id());
        send(member->pipe, close_message{});
        member->link.disconnected();
      }
      member->pipe = from.pipe;
      member->address = from.address;
      membership_.connected(member->id, from.address);
      by_pipe_[from.pipe.id()] = member->id;
      member->link.connected(steady_time());
      return hear(*member, frames);
    }
    refusal = "this incarnation of the member was given up; start anew";
  } catch (const error& wrong) {
    refusal = wrong.message();
    spdlog::warn("cluster: {} is no member: {}", from.address, refusal);
  }
  send(from.pipe, pipe_frames{0, {encode_frame(bye_frame{refusal})}, {}});
  send(from.pipe, close_message{});
}

dispatcher::member* dispatcher::member_for(const hello_frame& hello) {
  const auto admitted = membership_.admit(hello.name, hello.incarnation);
  if (!admitted) return nullptr;
  if (!admitted->fresh) return members_.at(admitted->member).get();
  if (admitted->replaced != 0) remove(admitted->replaced, "it has started anew");
  auto made =
      std::unique_ptr<member>{new member{.id = admitted->member,
                                         .name = hello.name,
                                         .link = delivery_link{self_, hello.name, limits_.link}}};
  return (members_[admitted->member] = std::move(made)).get();
}

void dispatcher::hear(member& from, const std::vector<std::string>& frames) {
  const auto id = from.id;
  try {
    for (const auto& frame : frames) from.link.received(frame, steady_time());
    while (auto message = from.link.next_message()) {
      take(from, *message);
      if (!members_.contains(id)) return;
    }
  } catch (const error& wrong) {
    spdlog::warn("cluster: {}", wrong.message());
    if (!from.link.closing(steady_time())) {  // a message that is none, in frames that were right
      if (from.pipe) {
        send(from.pipe, pipe_frames{0, {encode_frame(bye_frame{wrong.message()})}, {}});
      }
      return remove(id, wrong.message());
    }
  }
  pump(from);
}

void dispatcher::pump(member& of) {
  while (!of.outbox.empty() && of.link.send(of.outbox.front())) of.outbox.pop_front();
  if (!of.pipe) return;
  pipe_frames out;
  while (auto frame = of.link.next_frame(steady_time())) out.frames.push_back(std::move(*frame));
  if (!out.frames.empty()) send(of.pipe, std::move(out));
  const auto why = of.link.closing(steady_time());
  if (!why) return;
  const about_member subject{of.name};
  const log_scope about{subject};
  spdlog::info("cluster: the connection to member \"{}\" is closed: {}", of.name, *why);
  send(of.pipe, close_message{});
  disconnect(of);
}

void dispatcher::disconnect(member& of) {
  by_pipe_.erase(of.pipe.id());
  of.pipe = nullptr;
  of.link.disconnected();
  membership_.disconnected(of.id, steady_time());
}

void dispatcher::remove(member_id id, const std::string& why) {
  const auto found = members_.find(id);
  const auto gone = std::move(found->second);
  members_.erase(found);
  if (gone->pipe) {
    by_pipe_.erase(gone->pipe.id());
    send(gone->pipe, close_message{});
  }
  membership_.remove(id);
  const about_member subject{gone->name};
  const log_scope about{subject};
  spdlog::log(gone->leaves ? spdlog::level::info : spdlog::level::warn,
              "cluster: member \"{}\" is gone, with {} tasks: {}", gone->name, gone->at_work.size(),
              gone->leaves ? "it left" : why);
  states_.leave(id);
  placement_.leave(id, steady_time());
}

void dispatcher::tick() {
  const auto time = steady_time();
  for (auto at = strangers_.begin(); at != strangers_.end();) {
    const auto one = at++;
    if (time - one->second.since < limits_.link.silence) continue;
    spdlog::warn("cluster: {} said nothing", one->second.address);
    send(one->second.pipe, close_message{});
    strangers_.erase(one);
  }
  for (auto& [id, one] : members_) pump(*one);
  for (const auto id : membership_.lost(time)) remove(id, "it did not come back");
  placement_.tick(time);
  if (++ticks_ % look_at_agents_every == 0) look_at_agents();
  act();
}

// What workers say -------------------------------------------------------------------------------

void dispatcher::take(member& from, const std::string& bytes) {
  auto message = read_worker_message(bytes);
  std::visit([&](auto& what) { take(from, std::move(what)); }, message);
}

void dispatcher::take(member& from, offer_message offer) {
  if (from.offered) throw error{errc::malformed_answer, "a worker offers twice"};
  check(offer);
  from.offered = true;
  from.program = std::move(offer.program);
  const about_member subject{from.name};
  const log_scope about{subject};
  spdlog::info("cluster: member \"{}\" at {} joins with {} slots", from.name, from.address,
               offer.slots);
  placement_.join(
      from.id, from.name,
      {std::move(offer.plugins), std::move(offer.labels), static_cast<std::size_t>(offer.slots),
       from.link.version() >= wire_version_of_agents},
      steady_time());
}

dispatcher::open_call* dispatcher::call_of(const member& from, std::uint64_t number) {
  const auto task = from.at_work.find(number);
  if (task == from.at_work.end()) return nullptr;
  auto& open = calls_.at(task->second);
  return open.call ? &open : nullptr;
}

void dispatcher::take(member& from, result_message result) {
  if (!call_of(from, result.task)) return;  // late: it was withdrawn
  const auto call = close_call(from.at_work.at(result.task)).call;
  try {
    if (result.failure) {
      static_cast<void>(call->reply->fail(decode_failure(*result.failure)));
    } else if (!result.questions.empty()) {
      auto& port = call->reply->context().port();
      for (auto& one : result.questions) {
        port.ask(static_cast<std::size_t>(one.index), std::move(one.bytes), std::move(one.schema));
      }
      static_cast<void>(call->reply->interrupt());
    } else {
      static_cast<void>(
          call->reply->done(decode_result(result, call->input.state.type(), *call->inputs)));
    }
  } catch (const error& wrong) {
    static_cast<void>(call->reply->fail({.error = wrong}));
  }
}

void dispatcher::take(member& from, wish_message wish) {
  const auto* open = call_of(from, wish.task);
  if (open == nullptr) return;
  const auto call = open->call;
  told_message told{.task = wish.task, .number = wish.number};
  const auto to = from.id;
  auto& port = call->reply->context().port();
  const auto in_errand = [&](auto work) {
    boost::asio::post(open->errands, [this, call, told, to, work,
                                      self = caf::actor_cast<caf::actor>(this)]() mutable {
      try {
        told.bytes = work(call->reply->context().port());
      } catch (const error& wrong) {
        told.failure = encode_failure({.error = wrong});
      } catch (const std::exception& wrong) {
        told.failure = encode_failure({.error = error{errc::store_failed, wrong.what()}});
      }
      caf::anon_send(self, task_posted{[this, told, to] { answer_later(to, told); }});
    });
  };
  try {
    std::visit(
        overloaded{
            [&](const answer_wanted& one) {
              told.bytes = port.answer(static_cast<std::size_t>(one.index));
              answer(from, std::move(told));
            },
            [&](const charge_wanted& one) {
              port.charge(one.counter, one.amount);
              answer(from, std::move(told));
            },
            [&](const durability_wanted&) {
              port.when_durable([this, told, to, self = caf::actor_cast<caf::actor>(this)] {
                caf::anon_send(self, task_posted{[this, told, to] { answer_later(to, told); }});
              });
            },
            [&](effect_wanted& one) {
              in_errand(
                  [key = std::move(one.key)](context_port& run) { return run.find_effect(key); });
            },
            [&](effect_kept& one) {
              in_errand([kept = std::move(one)](context_port& run) -> std::optional<std::string> {
                run.keep_effect(kept.key, kept.result);
                return std::nullopt;
              });
            },
            [&](memory_wanted& one) {
              in_errand([request = std::move(one.request)](
                            context_port& run) -> std::optional<std::string> {
                auto* store = run.memory();
                if (store == nullptr) {
                  throw error{errc::no_store, "the task's run has no memory store"};
                }
                return serve_memory(*store, request);
              });
            }},
        wish.what);
  } catch (const error& wrong) {
    told.failure = encode_failure({.error = wrong});
    answer(from, std::move(told));
  }
}

void dispatcher::take(member& from, note_message note) {
  const auto* open = call_of(from, note.task);
  if (open == nullptr) return;
  auto& port = open->call->reply->context().port();
  std::visit(
      overloaded{[&](const sign_of_life&) { port.heartbeat(); },
                 [&](const refunded& one) { port.refund(one.counter, one.amount); },
                 [&](event_told& one) { port.emit(std::move(one.name), std::move(one.payload)); },
                 [&](const words_told& one) { port.emit_message(one.content); }},
      note.what);
}

void dispatcher::take(member& from, const leaving_message& leaving) {
  const about_member subject{from.name};
  const log_scope about{subject};
  spdlog::info("cluster: member \"{}\" leaves: {}", from.name, leaving.reason);
  from.leaves = true;
  placement_.drain(from.id, steady_time());
}

void dispatcher::answer(member& to, told_message told) {
  const auto most = limits_.link.message_bytes;
  if (told.bytes && told.bytes->size() + bytes_around_answer > most) {
    const error wrong{errc::too_large,
                      "what a task asks for has " + std::to_string(told.bytes->size()) +
                          " bytes; a message to a worker has at most " + std::to_string(most)};
    told.bytes.reset();
    told.failure = encode_failure({.error = wrong});
  }
  say(to, std::move(told));
}

void dispatcher::answer_later(member_id to, told_message told) {
  const auto found = members_.find(to);
  if (found == members_.end()) return;
  answer(*found->second, std::move(told));
  act();
}

void dispatcher::say(member& to, const server_message& what) {
  if (version_of(what) > to.link.version()) return;  // it could not read it
  auto bytes = to_cbor(what);
  stirred_.insert(to.id);
  if (!to.outbox.empty() || !to.link.send(bytes)) to.outbox.push_back(std::move(bytes));
}

// Calls ------------------------------------------------------------------------------------------

void dispatcher::open_call::fail(const error& reason) const {
  if (agent) return agent->fail(reason);
  static_cast<void>(call->reply->fail({.error = reason}));
}

void dispatcher::submit(std::shared_ptr<remote_call> call) {
  if (call->withdrawn.load(std::memory_order_acquire)) return;
  auto demand = call->demand;
  submit({.call = std::move(call), .errands = errands()}, std::move(demand), 0);
}

void dispatcher::submit(open_call call, task_demand demand, member_id rather) {
  if (stopped_) return call.fail(*stopped_);
  const auto task = ++last_task_;
  if (call.agent) agent_calls_.insert(task);
  by_call_[call.agent ? static_cast<const void*>(call.agent.get()) : call.call.get()] = task;
  calls_.emplace(task, std::move(call));
  placement_.submit(task, std::move(demand), steady_time(), rather);
  act();
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
  act();
}

dispatcher::open_call dispatcher::close_call(placement::task_id task) {
  const auto found = calls_.find(task);
  auto open = std::move(found->second);
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
  open.number = ++last_number_;
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

// For others -------------------------------------------------------------------------------------

bool dispatcher::drain(const std::string& name) {
  const auto id = membership_.find(name);
  if (id == 0) return false;
  placement_.drain(id, steady_time());
  act();
  return true;
}

std::vector<member_status> dispatcher::members() const {
  std::vector<member_status> all;
  for (const auto& [id, one] : members_) {
    member_status status{.name = one->name,
                         .address = one->address,
                         .program = one->program,
                         .connected = static_cast<bool>(one->pipe)};
    if (const auto placed = placement_.members().find(id); placed != placement_.members().end()) {
      status.offer = placed->second.offer;
      status.at_work = placed->second.tasks.size();
      status.draining = placed->second.draining;
    }
    all.push_back(std::move(status));
  }
  return all;
}

void dispatcher::stop(const error& reason) {
  stopped_ = reason;
  for (const auto& one : std::exchange(again_, {})) one->fail(reason);
  while (!calls_.empty()) {
    const auto task = calls_.begin()->first;
    const auto at = members_.find(placement_.member_of(task));
    const auto open = close_call(task);
    if (at != members_.end()) say(*at->second, cancel_message{open.number});
    open.fail(reason);
  }
  act();
}

}  // namespace mcp::cluster
