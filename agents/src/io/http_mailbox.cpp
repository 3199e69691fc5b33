#include "io/http_mailbox.hpp"

#include "io/http_client.hpp"

#include <algorithm>

namespace mcp::io {
namespace {

constexpr std::chrono::milliseconds longest_wait{60'000};

}  // namespace

void http_mailbox::belongs_to(std::thread::id loop) {
  const std::scoped_lock lock{mutex_};
  loop_ = loop;
}

/// With the mutex held, so that the loop cannot end meanwhile.
void http_mailbox::wake_loop() {
  if (wake_ && std::this_thread::get_id() != loop_) wake_();
}

void http_mailbox::start(std::shared_ptr<http_transfer> transfer) {
  const std::scoped_lock lock{mutex_};
  letters_.started.push_back(std::move(transfer));
  if (letters_.started.size() == 1) wake_loop();
}

void http_mailbox::cancel(std::shared_ptr<http_transfer> transfer) {
  const std::scoped_lock lock{mutex_};
  if (!wake_) return;
  letters_.cancelled.push_back(std::move(transfer));
  if (letters_.cancelled.size() == 1) wake_loop();
}

event_loop::timer_id http_mailbox::add_timer(steady_time when, std::function<void()> task) {
  const std::scoped_lock lock{mutex_};
  if (timers_.size() >= http_limits::timers) {
    throw error{errc::overloaded, "more than " + std::to_string(http_limits::timers) +
                                      " timers (http_limits::timers) wait on one event loop"};
  }
  return insert(when, std::move(task));
}

event_loop::timer_id http_mailbox::add_own_timer(steady_time when, std::function<void()> task) {
  const std::scoped_lock lock{mutex_};
  return insert(when, std::move(task));
}

event_loop::timer_id http_mailbox::insert(steady_time when, std::function<void()> task) {
  const auto id = next_id_++;
  const auto place = timers_.try_emplace({when, id}, std::move(task)).first;
  times_.emplace(id, when);
  if (place == timers_.begin()) wake_loop();
  return id;
}

void http_mailbox::forget(event_loop::timer_id timer) {
  std::function<void()> dropped;  // destroyed outside the lock: it may own anything
  const std::scoped_lock lock{mutex_};
  const auto found = times_.find(timer);
  if (found == times_.end()) return;
  if (auto entry = timers_.extract({found->second, timer})) dropped = std::move(entry.mapped());
  times_.erase(found);
}

void http_mailbox::close() {
  const std::scoped_lock lock{mutex_};
  letters_.closing = true;
  wake_loop();
}

void http_mailbox::shut() {
  decltype(timers_) dropped;
  const std::scoped_lock lock{mutex_};
  wake_ = nullptr;
  dropped.swap(timers_);
  times_.clear();
}

http_mailbox::letters http_mailbox::take() {
  const std::scoped_lock lock{mutex_};
  letters taken{.started = {}, .cancelled = {}, .closing = letters_.closing};
  taken.started.swap(letters_.started);
  taken.cancelled.swap(letters_.cancelled);
  return taken;
}

std::function<void()> http_mailbox::take_due(steady_time now, event_loop::timer_id before) {
  const std::scoped_lock lock{mutex_};
  for (auto at = timers_.begin(); at != timers_.end() && at->first.first <= now; ++at) {
    if (at->first.second >= before) continue;
    auto task = std::move(at->second);
    times_.erase(at->first.second);
    timers_.erase(at);
    return task;
  }
  return {};
}

event_loop::timer_id http_mailbox::next_timer_id() {
  const std::scoped_lock lock{mutex_};
  return next_id_;
}

std::chrono::milliseconds http_mailbox::next_wait(steady_time now) {
  const std::scoped_lock lock{mutex_};
  if (letters_.closing || !letters_.started.empty() || !letters_.cancelled.empty()) {
    return std::chrono::milliseconds{0};
  }
  if (timers_.empty()) return longest_wait;
  const auto left = timers_.begin()->first.first - now;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left);
  return std::clamp(rounded, std::chrono::milliseconds{0}, longest_wait);
}

}  // namespace mcp::io
