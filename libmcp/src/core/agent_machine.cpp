#include "core/agent_machine.hpp"

#include <algorithm>
#include <iterator>

namespace mcp::core {

agent_machine::agent_machine(const agent_options& options, bool stored, instant now,
                             bool supervised)
    : options_(options),
      stored_(stored),
      supervised_(supervised),
      window_(options.intensity, options.period),
      last_active_(now) {}

bool agent_machine::make_room(agent_admission& result) {
  std::erase_if(queue_, [](const agent_mail& one) { return !one.wanted(); });
  if (queue_.size() < options_.mailbox) return true;
  if (options_.overflow == agent_overflow::drop_oldest) {
    const auto oldest = std::find_if(queue_.begin(), queue_.end(),
                                     [](const agent_mail& one) { return !one.durable; });
    if (oldest != queue_.end()) {
      result.displaced = std::move(*oldest);
      queue_.erase(oldest);
      return true;
    }
  }
  result.refused =
      error{errc::overloaded, "agent_options::mailbox = " + std::to_string(options_.mailbox) +
                                  " messages wait for this agent"};
  return false;
}

agent_admission agent_machine::arrive(agent_mail& mail) {
  agent_admission result;
  if (phase_ == agent_phase::gone) {
    result.gone = true;
    return result;
  }
  if (stopping_) {
    result.refused = *stopping_;
    return result;
  }
  if (mail.durable && !stored_) {
    result.refused = error{errc::no_store, "a durable message needs a system with a store"};
    return result;
  }
  if (queue_.size() >= options_.mailbox && !make_room(result)) return result;
  if (mail.durable) {
    ++durable_waiting_;
    if (phase_ != agent_phase::loading) number(mail);
  }
  queue_.push_back(std::move(mail));
  return result;
}

void agent_machine::number(agent_mail& mail) {
  mail.number = ++last_number_;
  if (free_slots_.empty()) {
    mail.slot = slots_++;
  } else {
    mail.slot = free_slots_.back();
    free_slots_.pop_back();
  }
  orders_.push_back({.number = mail.number,
                     .slot = mail.slot,
                     .name = mail.title(),
                     .content = mail.content,
                     .id = mail.id,
                     .sender = mail.sender,
                     .accepted = std::exchange(mail.accepted, nullptr)});
}

std::vector<log_order> agent_machine::take_log_orders() {
  return std::exchange(orders_, {});
}

agent_todo agent_machine::next(instant now) {
  switch (phase_) {
    case agent_phase::loading:
      return std::exchange(begun_, true) ? agent_todo::nothing : agent_todo::load;
    case agent_phase::ready:
      return next_ready(now);
    case agent_phase::waiting:
      if (resumed_ == 0) return agent_todo::nothing;
      --resumed_;
      phase_ = agent_phase::turn;
      return agent_todo::go_on;
    case agent_phase::preparing:
      return std::exchange(begun_, true) ? agent_todo::nothing : agent_todo::prepare;
    case agent_phase::saving:
      return std::exchange(begun_, true) ? agent_todo::nothing : agent_todo::commit;
    case agent_phase::releasing:
      return std::exchange(begun_, true) ? agent_todo::nothing : agent_todo::release;
    case agent_phase::stopped:
      return agent_todo::end;
    case agent_phase::turn:
    case agent_phase::gone:
      break;
  }
  return agent_todo::nothing;
}

agent_todo agent_machine::next_ready(instant now) {
  if (stopping_) {
    if (unwritten_ > 0) return agent_todo::nothing;
    phase_ = agent_phase::stopped;
    return agent_todo::end;
  }
  if (restarting()) {
    if (restart_ == restart_step::held || std::exchange(begun_, true)) return agent_todo::nothing;
    return agent_todo::restart;
  }
  while (!queue_.empty() && !queue_.front().wanted()) queue_.pop_front();
  if (!queue_.empty()) {
    // Durable messages are handled in the order of the log, and not before they are in it.
    const auto& first = queue_.front();
    return first.durable && !first.logged ? agent_todo::nothing : agent_todo::begin;
  }
  return may_leave(now) ? agent_todo::leave : agent_todo::nothing;
}

void agent_machine::loaded(std::uint64_t handled, std::vector<agent_mail> logged, instant now) {
  handled_number_ = handled;
  last_number_ = handled;
  last_active_ = now;
  std::vector<bool> used;
  for (const auto& mail : logged) {
    last_number_ = std::max(last_number_, mail.number);
    slots_ = std::max(slots_, mail.slot + 1);
    used.resize(slots_);
    used[mail.slot] = true;
  }
  for (auto slot = slots_; slot > 0; --slot) {
    if (!used[slot - 1]) free_slots_.push_back(slot - 1);
  }
  for (auto& mail : queue_) {
    if (mail.durable) number(mail);
  }
  durable_waiting_ += logged.size();
  queue_.insert(queue_.begin(), std::make_move_iterator(logged.begin()),
                std::make_move_iterator(logged.end()));
  phase_ = agent_phase::ready;
  begun_ = false;
}

std::vector<agent_mail> agent_machine::load_failed() {
  phase_ = agent_phase::gone;
  std::vector<agent_mail> all{std::make_move_iterator(queue_.begin()),
                              std::make_move_iterator(queue_.end())};
  queue_.clear();
  return all;
}

void agent_machine::log_written(std::uint64_t number, bool ok) {
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const agent_mail& one) {
    return one.durable && one.number == number;
  });
  if (found == queue_.end()) return;
  found->logged = true;
  if (ok) return;
  free_slots_.push_back(found->slot);
  --durable_waiting_;
  queue_.erase(found);
}

agent_mail agent_machine::take() {
  auto mail = std::move(queue_.front());
  queue_.pop_front();
  phase_ = agent_phase::turn;
  passing_ = false;
  ++generation_;
  open_ = resumed_ = steps_ = 0;
  failure_.reset();
  interrupted_ = false;
  at_work_ = mail.durable ? mail.number : 0;
  slot_at_work_ = mail.slot;
  return mail;
}

void agent_machine::start_over() {
  ++generation_;
  open_ = resumed_ = 0;
}

bool agent_machine::resumed(std::uint64_t generation) {
  if (generation != generation_ || open_ == 0) return false;
  --open_;
  ++resumed_;
  return true;
}

void agent_machine::turn_ended(std::optional<mcp::error> failed, std::size_t steps) {
  steps_ = steps;
  begun_ = false;
  if (failed) return fail(std::move(*failed));
  if (open() > 0) {
    phase_ = agent_phase::waiting;
    if (stopping_) {
      fail(*stopping_);
    } else if (restarting()) {
      fail(*held_for_);
    }
    return;
  }
  phase_ = steps_ > 0 ? agent_phase::preparing : agent_phase::saving;
}

void agent_machine::prepared(std::uint64_t generation, std::optional<mcp::error> failed) {
  if (generation != generation_ || phase_ != agent_phase::preparing) return;
  begun_ = false;
  if (failed) return fail(std::move(*failed));
  if (--steps_ == 0) phase_ = agent_phase::saving;
}

void agent_machine::fail(mcp::error reason) {
  // Who shuts down takes the message up again later; a newer one must not be handled before.
  if (at_work_ != 0 && reason.code() == errc::shutting_down) stop(reason);
  interrupted_ = stopping_.has_value();
  failure_ = std::move(reason);
  ++generation_;  // answers to what it asked are late now
  open_ = resumed_ = steps_ = 0;
  begun_ = false;
  phase_ = agent_phase::saving;
}

void agent_machine::commit_failed(mcp::error reason) {
  fail(std::move(reason));
}

void agent_machine::committed(bool wait) {
  if (at_work_ != 0 && !interrupted_) {
    handled_number_ = at_work_;
    free_slots_.push_back(slot_at_work_);
    --durable_waiting_;
    at_work_ = 0;
  }
  waits_ = true;
  if (!wait) saved();
}

void agent_machine::saved() {
  if (!std::exchange(waits_, false)) return;
  begun_ = false;
  phase_ = agent_phase::releasing;
}

void agent_machine::store_failed(const mcp::error& reason) {
  if (phase_ == agent_phase::saving && begun_) {
    failure_ = reason;
    interrupted_ = true;
    waits_ = true;
    saved();
  }
  stop({errc::agent_stopped, std::string{"its store failed: "} + reason.message()});
}

agent_on_failure agent_machine::released(instant now, bool counts) {
  ++handled_;
  last_active_ = now;
  phase_ = agent_phase::ready;
  begun_ = false;
  const auto failed = std::exchange(failure_, std::nullopt);
  if (!failed || !counts) return agent_on_failure::keep;
  ++failed_;
  if (interrupted_ || stopping_ || restarting()) return agent_on_failure::keep;
  if (options_.on_failure == agent_on_failure::escalate) return agent_on_failure::escalate;
  if (options_.on_failure == agent_on_failure::stop || !window_.allow(now)) {
    if (supervised_ && options_.on_failure != agent_on_failure::stop) {
      return agent_on_failure::escalate;
    }
    stop({errc::agent_stopped, std::string{"stopped after a failure: "} + failed->message()});
    return agent_on_failure::stop;
  }
  return options_.on_failure;
}

void agent_machine::stop(mcp::error reason) {
  if (stopping_ || phase_ == agent_phase::gone) return;
  stopping_ = std::move(reason);
  refused_.insert(refused_.end(), std::make_move_iterator(queue_.begin()),
                  std::make_move_iterator(queue_.end()));
  queue_.clear();
  if (phase_ == agent_phase::waiting) fail(*stopping_);
}

void agent_machine::hold(mcp::error reason) {
  if (stopping_ || phase_ == agent_phase::gone) return;
  restart_ = restart_step::held;
  held_for_ = std::move(reason);
  if (phase_ == agent_phase::waiting) fail(*held_for_);
}

void agent_machine::let_go() {
  if (restart_ == restart_step::held) restart_ = restart_step::due;
}

void agent_machine::restarted(instant now, bool passing) {
  begun_ = false;
  if (restart_ == restart_step::due) restart_ = restart_step::none;
  passing_ = passing;
  last_active_ = now;
  window_ = {options_.intensity, options_.period};
}

bool agent_machine::may_leave(instant now) const {
  const auto at = sleeps_at();
  return at && now >= *at && unwritten_ == 0;
}

std::optional<instant> agent_machine::sleeps_at() const {
  if (phase_ != agent_phase::ready || !queue_.empty() || stopping_ || restarting()) {
    return std::nullopt;
  }
  if (passing_) return last_active_;
  if (options_.idle.count() == 0) return std::nullopt;
  return last_active_ + options_.idle;
}

bool agent_machine::leave(instant now) {
  if (!may_leave(now)) return false;
  phase_ = agent_phase::gone;
  return true;
}

bool agent_machine::revive() {
  if (phase_ != agent_phase::stopped) return false;
  phase_ = agent_phase::gone;
  return true;
}

}  // namespace mcp::core
