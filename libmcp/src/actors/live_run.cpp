#include "actors/live_run.hpp"

namespace mcp::actors {
void live_run::set_actor(caf::actor run) {
  std::vector<control_message> early;
  {
    const std::lock_guard lock{mutex_};
    if (result_) return;
    actor_ = run;
    early = std::move(early_);
  }
  for (auto& one : early) caf::anon_send(run, std::move(one));
}

void live_run::control(control_message::kind what, std::shared_ptr<error> reason) {
  caf::actor target;
  {
    const std::lock_guard lock{mutex_};
    if (result_) return;
    if (!actor_) return early_.push_back({what, std::move(reason)});
    target = actor_;
  }
  caf::anon_send(target, control_message{what, std::move(reason)});
}

void live_run::record(run_event event) {
  bool wake = false;
  {
    const std::lock_guard lock{mutex_};
    event.number = first_number_ + kept_.size();
    kept_bytes_ += event.json.size();
    kept_.push_back(std::move(event));
    while (kept_.size() > capacity_ || (kept_bytes_ > max_event_bytes && kept_.size() > 1)) {
      kept_bytes_ -= kept_.front().json.size();
      kept_.pop_front();
      ++first_number_;
    }
    wake = sleepers_ > 0;
  }
  if (wake) changed_.notify_all();
}

live_run::reading live_run::read(std::uint64_t& number, run_event& out, bool wait) {
  std::unique_lock lock{mutex_};
  const auto there = [&] { return number < first_number_ + kept_.size(); };
  if (wait && !there() && !result_) {
    ++sleepers_;
    changed_.wait(lock, [&] { return there() || result_; });
    --sleepers_;
  }
  if (!there()) return result_ ? reading::ended : reading::none_yet;
  if (number < first_number_) {
    const auto lost = number;
    number = first_number_;
    throw error{errc::event_gone, "event " + std::to_string(lost) +
                                      " is no longer kept; the oldest is " +
                                      std::to_string(first_number_)};
  }
  out = kept_[static_cast<std::size_t>(number - first_number_)];
  ++number;
  return reading::found;
}

void live_run::accept() {
  {
    const std::lock_guard lock{mutex_};
    accepted_ = true;
    if (sleepers_ == 0) return;
  }
  changed_.notify_all();
}

void live_run::finish(run_result_info result) {
  caf::actor dropped;
  std::vector<std::function<void(const run_result_info&)>> listeners;
  bool wake = false;
  {
    const std::lock_guard lock{mutex_};
    if (result_) return;
    result_ = std::move(result);
    dropped = std::move(actor_);
    actor_ = nullptr;
    listeners = std::move(listeners_);
    wake = sleepers_ > 0;
    finished_.store(true, std::memory_order_release);
  }
  if (wake) changed_.notify_all();
  for (const auto& one : listeners) one(*result_);  // set once, never changed
}

void live_run::when_finished(std::function<void(const run_result_info&)> then) {
  {
    const std::lock_guard lock{mutex_};
    if (!result_) return listeners_.push_back(std::move(then));
  }
  then(*result_);
}

void live_run::wait_accepted() {
  std::unique_lock lock{mutex_};
  ++sleepers_;
  changed_.wait(lock, [this] { return accepted_ || result_; });
  --sleepers_;
  if (!accepted_ && result_ && result_->error) throw error{*result_->error};
}

run_result_info live_run::wait() {
  std::unique_lock lock{mutex_};
  ++sleepers_;
  changed_.wait(lock, [this] { return result_.has_value(); });
  --sleepers_;
  return *result_;
}

}  // namespace mcp::actors
