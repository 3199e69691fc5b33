#include "runtime/simulation/world.hpp"

#include <algorithm>

namespace mcp::simulation {
namespace {

constexpr instant repeat_every = milliseconds{100};  ///< of packets that vanish

}  // namespace

void world::after(instant delay, std::function<void()> what) {
  events_.push({now_ + delay, ++last_, std::move(what)});
}

bool world::run(instant end, const std::function<bool()>& ready) {
  while (!events_.empty() && events_.top().when <= end) {
    if (ready && ready()) return true;
    auto next = std::move(const_cast<event&>(events_.top()));  // NOLINT: it is popped
    events_.pop();
    now_ = std::max(now_, next.when);
    ++done_;
    next.what();
  }
  now_ = std::max(now_, end);
  return ready && ready();
}

milliseconds world::between(milliseconds least, milliseconds most) {
  return least + milliseconds{below(static_cast<unsigned>((most - least).count()) + 1)};
}

instant world::latency() {
  // Most take a moment; some are repeated on their way.
  return std::chrono::microseconds{100 + below(900)} +
         (one_in(200) ? milliseconds{200 + below(400)} : milliseconds{0});
}

void process::start() {
  alive_ = true;
  ++life_;
  started();
}

void process::kill() {
  if (!alive_) return;
  alive_ = frozen_ = false;
  held_.clear();
  ++life_;
  killed();
}

void process::thaw() {
  frozen_ = false;
  for (auto held = std::exchange(held_, {}); !held.empty(); held.pop_front()) held.front()();
}

void process::reach(std::uint64_t life, std::function<void()> what) {
  if (life != life_) return;
  if (frozen_) {
    held_.push_back([this, life, what = std::move(what)] {
      if (life == life_) what();
    });
  } else {
    what();
  }
}

void process::later(instant delay, std::function<void()> what) {
  const auto whole = delay * 1'000 / rate_ + std::chrono::microseconds{1};  // never before it
  world_.after(whole, [this, life = life_, what = std::move(what)]() mutable {
    reach(life, std::move(what));
  });
}

void connection::send(std::size_t from, std::string frame) {
  push(from, {.frame = std::move(frame)});
}

void connection::close(std::size_t from) {
  if (std::exchange(closed_.at(from), true)) return;
  push(from, {.closes = true});
}

void connection::push(std::size_t from, packet what) {
  auto& mine = lanes_.at(from);
  what.due = world_.now() + world_.latency();
  if (!mine.packets.empty()) what.due = std::max(what.due, mine.packets.back().due);
  mine.packets.push_back(std::move(what));
  most_ = std::max(most_, mine.packets.size());
  if (!std::exchange(mine.busy, true)) flush(from, mine.packets.front().due - world_.now());
}

void connection::flush(std::size_t from, instant in) {
  world_.after(in, [self = shared_from_this(), from] {
    auto& mine = self->lanes_.at(from);
    const auto& ends = self->ends_;
    if (!self->world_.reaches(ends.at(from).owner->on(), ends.at(1 - from).owner->on())) {
      return self->flush(from, repeat_every);
    }
    while (!mine.packets.empty() && mine.packets.front().due <= self->world_.now()) {
      auto next = std::move(mine.packets.front());
      mine.packets.pop_front();
      self->arrived(1 - from, std::move(next));
    }
    mine.busy = !mine.packets.empty();
    if (mine.busy) self->flush(from, mine.packets.front().due - self->world_.now());
  });
}

void connection::arrived(std::size_t at, packet what) {
  const auto& to = ends_.at(at);
  to.owner->reach(to.life, [self = shared_from_this(), at, what = std::move(what)] {
    if (self->closed_.at(at)) return;
    auto& here = self->ends_.at(at);
    if (!what.closes) return here.frame(what.frame);
    self->closed_.at(at) = true;
    here.closed();
  });
}

}  // namespace mcp::simulation
