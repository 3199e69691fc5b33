#include "actors/thread_watch.hpp"

#include "mcp/log_fields.hpp"

#include <chrono>
#include <thread>

#include <spdlog/spdlog.h>

namespace mcp::actors {

thread_watch::place*& thread_watch::this_place() noexcept {
  thread_local place* mine = nullptr;
  return mine;
}

void thread_watch::add_this_thread() {
  if (patience_.count() <= 0) return;
  const std::lock_guard lock{mutex_};
  this_place() = &places_.emplace_back(*this);
}

void thread_watch::arm() {
  if (armed_.exchange(true) || !wake_) return;
  wake_(patience_, [this] { look(); });
}

void thread_watch::look() {
  armed_.store(false);
  bool busy = false;
  {
    const std::lock_guard lock{mutex_};
    for (auto& one : places_) busy = look_at(one) || busy;
  }
  // Whoever comes later arms it itself.
  if (busy) arm();
}

bool thread_watch::look_at(place& one) const {
  one.looked_at.store(true);
  const auto* holder = one.holder.load();
  if (holder != nullptr) {
    const auto turn = one.turn.load();
    if (one.seen == turn && one.named != turn) {
      one.named = turn;
      holder->warn(std::chrono::duration_cast<milliseconds>(patience_));
    }
    one.seen = turn;
  }
  one.looked_at.store(false);
  return holder != nullptr;
}

thread_watch::hold::hold(std::string_view kind, std::string_view name, std::string_view graph)
    : place_(this_place()), kind_(kind), name_(name), graph_(graph) {
  if (place_ == nullptr) return;
  if (place_->holder.load(std::memory_order_relaxed) != nullptr) {
    place_ = nullptr;
    return;
  }
  place_->turn.fetch_add(1, std::memory_order_relaxed);
  place_->holder.store(this);
  if (!place_->watch.armed_.load()) place_->watch.arm();
}

void thread_watch::hold::warn(milliseconds after) const {
  const auto describe = [this](log_fields& to) {
    to.graph = graph_;
    (kind_ == "agent" ? to.agent : to.node) = name_;
  };
  const log_scope about{describe};
  const auto text = fmt::format("has held a scheduler thread for more than {} ms", after.count());
  if (kind_.empty()) {
    spdlog::warn("graph \"{}\": a router, the edge map or a reducer {}; move its work into a node",
                 graph_, text);
  } else if (graph_.empty()) {
    spdlog::warn("{} \"{}\" {}; declare it blocking", kind_, name_, text);
  } else {
    spdlog::warn("graph \"{}\": {} \"{}\" {}; declare it blocking", graph_, kind_, name_, text);
  }
}

thread_watch::hold::~hold() {
  if (place_ == nullptr) return;
  place_->holder.store(nullptr);
  while (place_->looked_at.load()) std::this_thread::yield();
}

}  // namespace mcp::actors
