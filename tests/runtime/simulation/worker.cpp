#include "runtime/simulation/worker.hpp"

#include "cluster/messages.hpp"

#include <algorithm>
#include <utility>

namespace mcp::simulation {

using namespace mcp::cluster;

namespace {

constexpr milliseconds shortest_wait{100};
constexpr milliseconds longest_wait{5'000};
constexpr instant dial_within = milliseconds{2'000};
constexpr instant start_again_after = milliseconds{300};
constexpr instant look_every = milliseconds{50};
constexpr std::uint64_t asked = 1;  ///< numbers of a task's wishes
constexpr std::uint64_t kept = 2;

}  // namespace

worker::worker(world& around, host on, std::vector<server*> servers, std::string name,
               outside& effects, database& notes)
    : process(around, on), name_(std::move(name)), effects_(effects), notes_(notes) {
  for (auto* one : servers) {
    sessions_.push_back(std::make_unique<session>());
    sessions_.back()->to = one;
  }
}

void worker::started() {
  if (next_version_) version_ = *std::exchange(next_version_, std::nullopt);
  for (auto& one : sessions_) {
    start_anew(*one);
    dial(*one);
  }
}

void worker::killed() {
  for (auto& one : sessions_) {
    auto* to = one->to;
    if (one->way) one->way->close(0);
    *one = session{};
    one->to = to;
  }
}

void worker::upgrade(std::uint64_t version) {
  next_version_ = version;
  for (auto& one : sessions_) {
    say(*one, leaving_message{"a new version"});
    pump(*one);
  }
  end_if_idle();
}

void worker::end_if_idle() {
  const bool idle = std::all_of(sessions_.begin(), sessions_.end(), [](const auto& one) {
    return one->tasks.empty() && one->outbox.empty() && (!one->way || one->link->idle());
  });
  if (!idle) return later(look_every, [this] { end_if_idle(); });
  later(instant{0}, [this] {
    kill();
    world_.after(start_again_after, [this] {
      if (!alive()) start();
    });
  });
}

// The connection ---------------------------------------------------------------------------------

void worker::start_anew(session& of) {
  of.tasks.clear();
  of.states.clear();
  of.outbox.clear();
  of.wakes.reset();
  of.server_incarnation = 0;
  const auto made =
      static_cast<std::uint64_t>((clock() + std::chrono::hours{1}) / std::chrono::microseconds{1});
  of.incarnation = std::max(made, of.incarnation + 1);
  of.link.emplace(member_identity{"c", name_, of.incarnation}, std::string{}, small_link);
  say(of, offer_message{.slots = most_slots});
  if (next_version_) say(of, leaving_message{"a new version"});
}

void worker::dial(session& of) {
  world_.after(2 * world_.latency(), [this, &of, life = life()] {
    reach(life, [this, &of] {
      const auto there = of.to->on();
      if (!world_.reaches(on(), there) || !world_.reaches(there, on())) {
        return later(dial_within, [this, &of] { dial_later(of); });
      }
      if (!of.to->alive()) return dial_later(of);
      const auto way = std::make_shared<connection>(world_);
      const auto* key = way.get();
      way->bind(0, {.owner = this,
                    .life = this->life(),
                    .frame =
                        [this, &of, key](const std::string& frame) {
                          if (of.way.get() == key) heard(of, frame);
                        },
                    .closed =
                        [this, &of, key] {
                          if (of.way.get() == key) disconnect(of);
                        }});
      // Its kernel takes the connection, also while it is frozen.
      way->bind(1, {.owner = of.to, .life = of.to->life()});
      of.to->reach(of.to->life(), [to = of.to, way] { to->accept(way); });
      of.way = way;
      of.link->connected(clock());
      pump(of);
    });
  });
}

void worker::dial_later(session& of) {
  later(of.wait, [this, &of] { dial(of); });
  of.wait = std::clamp(of.wait * 2, shortest_wait, longest_wait);
}

void worker::heard(session& of, const std::string& frame) {
  of.link->received(spoken(frame, version_), clock());
  if (of.server_incarnation != 0 && of.link->peer_incarnation() != of.server_incarnation) {
    start_anew(of);
    return disconnect(of);
  }
  while (auto message = of.link->next_message()) take(of, *message);
  if (of.link->open()) {
    of.server_incarnation = of.link->peer_incarnation();
    of.wait = milliseconds{0};
  }
  pump(of);
}

void worker::disconnect(session& of) {
  if (of.way) {
    most_under_way_ = std::max(most_under_way_, of.way->most_under_way());
    of.way->close(0);
  }
  of.way = nullptr;
  of.link->disconnected();
  dial_later(of);
}

void worker::pump(session& of) {
  while (!of.outbox.empty() && of.link->send(of.outbox.front())) of.outbox.pop_front();
  if (!of.way) return;
  while (auto frame = of.link->next_frame(clock())) {
    of.way->send(0, spoken(std::move(*frame), version_));
  }
  if (!of.link->closing(clock())) return wake(of);
  if (of.link->ended()) {
    of.wait = std::max(of.wait, shortest_wait);
    start_anew(of);
  }
  disconnect(of);
}

void worker::wake(session& of) {
  const auto at = of.link->wake();
  if (!at || (of.wakes && *of.wakes <= *at)) return;
  of.wakes = *at;
  later(std::max(instant{0}, *at - clock()), [this, &of, at = *at] {
    if (of.wakes != at) return;
    of.wakes.reset();
    pump(of);
  });
}

// What the server says ---------------------------------------------------------------------------

void worker::take(session& of, const std::string& bytes) {
  if (bytes == news_of_version_2) {
    if (version_ < 2) notes_.note(name_ + ": it is told what its version does not know");
    return;
  }
  const auto message = read_server_message(bytes);
  if (const auto* state = std::get_if<state_message>(&message)) {
    of.states.put(*state);
  } else if (const auto* forget = std::get_if<forget_message>(&message)) {
    of.states.forget(forget->state);
  } else if (const auto* told = std::get_if<told_message>(&message)) {
    take_told(of, *told);
  } else if (const auto* task = std::get_if<task_message>(&message)) {
    if (*of.states.at(task->state).front() != std::to_string(task->step)) {
      notes_.note(name_ + ": it has another state than its task");
    }
    of.tasks[task->task] = *task;
    if (of.tasks.size() > most_slots) notes_.note(name_ + ": it has more tasks than slots");
    say(of, wish_message{task->task, asked, effect_wanted{"pay"}});
  }
}

void worker::take_told(session& of, const told_message& told) {
  const auto found = of.tasks.find(told.task);
  if (found == of.tasks.end()) return;
  if (told.number == kept || told.bytes) return end(of, told.task, true);
  const auto work = world_.between(milliseconds{20}, milliseconds{1'500});
  for_task(of, told.task, work, [this, &of, task = told.task, key = found->second.task_id] {
    ++effects_[key];
    say(of, wish_message{task, kept, effect_kept{"pay", name_}});
    pump(of);
  });
}

void worker::for_task(session& of, std::uint64_t task, instant in, std::function<void()> what) {
  later(in, [&of, task, mine = of.incarnation, what = std::move(what)] {
    if (mine == of.incarnation && of.tasks.contains(task)) what();
  });
}

void worker::end(session& of, std::uint64_t task, bool good) {
  const auto gone = of.tasks.extract(task);
  result_message result{.task = task};
  if (good) result.writes.push_back({.bytes = gone.mapped().node});
  ++done_;
  say(of, result);
}

void worker::say(session& of, const worker_message& what) {
  auto bytes = to_cbor(what);
  if (of.outbox.empty() && of.link->send(bytes)) return;
  of.outbox.push_back(std::move(bytes));
}

}  // namespace mcp::simulation
