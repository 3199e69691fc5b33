#include "members/dispatcher.hpp"

#include "delivery/frame.hpp"
#include "members/about_member.hpp"
#include "net/steady_time.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds tick_every{25};
constexpr std::size_t look_at_agents_every = 4;  ///< ticks
constexpr std::size_t look_at_wants_every = 40;  ///< ticks
/// Before the log says what tasks wait for: workers come back by themselves.
constexpr std::chrono::seconds want_in_silence{5};

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
  box()->close();
  for (auto& [id, one] : members_) {
    if (one->pipe) send(one->pipe, close_message{});
  }
  for (auto& [pipe, one] : strangers_) send(one.pipe, close_message{});
  members_.clear();
  strangers_.clear();
}

// Connections ------------------------------------------------------------------------------------

void dispatcher::opened(const pipe_opened& what) {
  if (strangers_.size() >= limits_.strangers) make_room_for_a_stranger();
  strangers_[what.pipe.id()] = {what.pipe, what.address, steady_time()};
}

/// A member says who it is at once: of the host with the most that do not, the oldest goes.
void dispatcher::make_room_for_a_stranger() {
  const auto host = [](const stranger& one) {
    return one.address.substr(0, one.address.rfind(':'));
  };
  std::map<std::string, std::size_t> of_host;
  for (const auto& [pipe, one] : strangers_) ++of_host[host(one)];
  const auto longest =
      std::max_element(strangers_.begin(), strangers_.end(), [&](const auto& a, const auto& b) {
        const auto many_a = of_host[host(a.second)];
        const auto many_b = of_host[host(b.second)];
        return many_a != many_b ? many_a < many_b : a.second.since > b.second.since;
      });
  about_strangers_.tell(longest->second.address +
                            " had said nothing, and makes room for others, of " +
                            std::to_string(strangers_.size()) + " that have not said who they are",
                        steady_time());
  send(longest->second.pipe, close_message{});
  strangers_.erase(longest);
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
    about_strangers_.tell(unknown.mapped().address + " said no hello: " + what.reason,
                          steady_time());
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
    const bool own = what.certified == self_.name && hello->name == own_worker_of(self_.name);
    if (!what.certified.empty() && what.certified != hello->name && !own) {
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
    about_strangers_.tell(from.address + " is no member: " + refusal, steady_time());
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
    about_strangers_.tell(one->second.address + " said nothing", time);
    send(one->second.pipe, close_message{});
    strangers_.erase(one);
  }
  for (auto& [id, one] : members_) pump(*one);
  for (const auto id : membership_.lost(time)) remove(id, "it did not come back");
  about_strangers_.tick(time);
  placement_.tick(time);
  if (ticks_ % look_at_wants_every == 0) look_at_wants();
  if (++ticks_ % look_at_agents_every == 0) look_at_agents();
  act();
}

// For others -------------------------------------------------------------------------------------

bool dispatcher::drain(const std::string& name) {
  const auto id = membership_.find(name);
  if (id == 0) return false;
  spdlog::info("cluster: member \"{}\" gets no more tasks, as somebody asked", name);
  placement_.drain(id, steady_time());
  act();
  return true;
}

void dispatcher::look_at_wants() {
  std::set<std::string> now;
  for (const auto& one : placement_.wants()) {
    if (steady_time() - one.since < want_in_silence) continue;
    now.insert(one.needs);
    if (told_wants_.contains(one.needs)) continue;
    spdlog::warn("cluster: {} tasks wait for a worker that offers {}; there are: {}", one.tasks,
                 one.needs, placement_.who_is_here());
  }
  for (const auto& needs : told_wants_) {
    if (!now.contains(needs)) spdlog::info("cluster: no task waits any more for {}", needs);
  }
  told_wants_ = std::move(now);
}

std::vector<worker_want> dispatcher::wants() const {
  std::vector<worker_want> all;
  for (const auto& one : placement_.wants()) {
    all.push_back(
        {one.needs, one.tasks,
         std::chrono::duration_cast<std::chrono::milliseconds>(steady_time() - one.since)});
  }
  return all;
}

std::map<std::string, std::string> dispatcher::wants_of_runs() const {
  std::map<std::string, std::string> all;
  for (const auto& [task, open] : calls_) {
    if (!open.call) continue;
    if (auto needs = placement_.want_of(task); !needs.empty()) {
      all.try_emplace(open.call->head.run_id, std::move(needs));
    }
  }
  return all;
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
  for (auto& [id, run] : pins_) {
    for (const auto& call : std::exchange(run.waiting, {})) {
      static_cast<void>(call->reply->fail({.error = reason}));
    }
  }
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
