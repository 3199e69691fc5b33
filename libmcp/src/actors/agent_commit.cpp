#include "actors/agent_cell.hpp"
#include "actors/agent_hub.hpp"

#include <spdlog/spdlog.h>

// The end of a message: what must be there first, the state and its way into the store, and what
// goes out.

namespace mcp::actors {
namespace {

error as_error(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const error& what) {
    return what;
  } catch (const std::exception& what) {
    return {errc::agent_failed, what.what()};
  } catch (...) {
    return {errc::agent_failed, "threw something that is no std::exception"};
  }
}

/// What a step calls back; forgetting to is an answer too.
class step_answer {
 public:
  step_answer(std::weak_ptr<agent_cell> cell, std::uint64_t generation)
      : cell_(std::move(cell)), generation_(generation) {}
  ~step_answer() { give(error{errc::reply_dropped, "a step of a message never called back"}); }
  step_answer(const step_answer&) = delete;
  step_answer& operator=(const step_answer&) = delete;
  void give(std::optional<error> failed) {
    if (given_.exchange(true)) return;
    if (const auto cell = cell_.lock()) cell->step_done(generation_, std::move(failed));
  }

 private:
  std::weak_ptr<agent_cell> cell_;
  std::uint64_t generation_;
  std::atomic<bool> given_{false};
};

}  // namespace

void agent_cell::prepare() {
  auto step = std::move(work_->steps.front());
  work_->steps.pop_front();
  std::uint64_t generation = 0;
  {
    const lock held{mutex_};
    generation = machine_.generation();
  }
  const auto answer = std::make_shared<step_answer>(weak_from_this(), generation);
  try {
    step([answer](std::optional<error> failed) { answer->give(std::move(failed)); });
  } catch (...) {
    answer->give(as_error(std::current_exception()));
  }
}

void agent_cell::step_done(std::uint64_t generation, std::optional<error> failed) {
  lock held{mutex_};
  machine_.prepared(generation, std::move(failed));
  ring(held);
}

void agent_cell::commit() {
  auto& work = *work_;
  bool failed = false;
  bool durable = false;
  std::uint64_t handled = 0;
  {
    const lock held{mutex_};
    failed = machine_.failure().has_value();
    durable = work.mail.durable && !machine_.interrupted();
    handled = durable ? work.mail.number : machine_.handled_number();
  }
  bool changed = false;
  std::string bytes;
  try {
    changed =
        !failed && work.state.has_value() && !spec_.state->equal(state_.get(), work.state.get());
    if (hub_->log() != nullptr && (changed || durable)) {
      bytes = core::encode_agent_state(handled, changed ? work.state : state_);
    }
  } catch (...) {
    return cannot_commit(as_error(std::current_exception()).at({.node = address_}), failed);
  }
  const bool listed = !failed && !work.topics.empty() && hub_->change_topics(address_, work.topics);
  std::vector<core::agent_mail> refused;
  {
    lock held{mutex_};
    std::vector<store_write> writes;
    if (!bytes.empty()) hub_->log()->add_state(writes, entry_, address_, std::move(bytes));
    if (hub_->log() != nullptr && (listed || durable)) {
      hub_->log()->add_listing(writes, entry_, address_, hub_->topics_of(address_),
                               machine_.durable_waiting() > (durable ? 1U : 0U));
    }
    const auto durable_now = write(held, std::move(writes));
    if (durable_now) {
      if (changed) std::swap(state_, work.state);
      machine_.committed(!*durable_now && spec_.options.saving == agent_saving::sync);
    }
    refused = machine_.take_refused();
  }
  refuse_all(refused);
}

/// The state cannot be encoded: the message fails, or, if not even the one before it can, the agent
/// stops.
void agent_cell::cannot_commit(const error& reason, bool again) {
  std::vector<core::agent_mail> refused;
  {
    const lock held{mutex_};
    if (again) {
      stopping_.store(true, std::memory_order_release);
      machine_.store_failed(reason);
      refused = machine_.take_refused();
    } else {
      machine_.commit_failed(reason);
    }
  }
  refuse_all(refused);
}

std::optional<bool> agent_cell::write(lock&, std::vector<store_write> writes) {
  if (writes.empty()) return true;
  machine_.wrote();
  try {
    const bool now = hub_->log()->writer().write_then(
        std::move(writes), [self = shared_from_this()](const std::shared_ptr<error>& failed) {
          self->state_written(failed);
        });
    if (now) machine_.written();
    return now;
  } catch (...) {
    machine_.written();
    stopping_.store(true, std::memory_order_release);
    machine_.store_failed(as_error(std::current_exception()));
    return std::nullopt;
  }
}

void agent_cell::state_written(const std::shared_ptr<error>& failed) {
  std::vector<core::agent_mail> refused;
  {
    lock held{mutex_};
    machine_.written();
    if (failed) {
      stopping_.store(true, std::memory_order_release);
      machine_.store_failed(*failed);
      refused = machine_.take_refused();
    } else {
      machine_.saved();
    }
    ring(held);
  }
  refuse_all(refused);
}

std::vector<std::function<void()>> agent_cell::write_orders(lock&) {
  std::vector<std::function<void()>> calls;
  for (auto& order : machine_.take_log_orders()) {
    const auto accepted = std::move(order.accepted);
    const auto told = [&](std::optional<error> failed) {
      if (accepted)
        calls.emplace_back([accepted, failed = std::move(failed)] { accepted(failed); });
    };
    machine_.wrote();
    try {
      std::vector<store_write> writes;
      hub_->log()->add_mail(writes, entry_, address_, order);
      hub_->log()->add_listing(writes, entry_, address_, hub_->topics_of(address_), true);
      const auto done = [self = shared_from_this(), number = order.number,
                         accepted](const std::shared_ptr<error>& failed) {
        self->order_written(number, failed == nullptr);
        if (accepted) accepted(failed ? std::optional<error>{*failed} : std::nullopt);
      };
      if (!hub_->log()->writer().write_then(std::move(writes), done)) continue;
      machine_.written();
      machine_.log_written(order.number, true);
      told(std::nullopt);
    } catch (...) {
      machine_.written();
      machine_.log_written(order.number, false);
      told(as_error(std::current_exception()));
    }
  }
  return calls;
}

void agent_cell::order_written(std::uint64_t number, bool ok) {
  lock held{mutex_};
  machine_.written();
  machine_.log_written(number, ok);
  ring(held);
}

void agent_cell::release() {
  std::unique_ptr<agent_work> work;  // its end may come back here: not under the lock
  std::optional<error> failure;
  std::vector<core::agent_mail> refused;
  auto verdict = agent_on_failure::keep;
  {
    const lock held{mutex_};
    work = std::move(work_);
    failure = machine_.failure();
    verdict = machine_.released(hub_->owner().clock().now(), failure && !work->rejected);
    if (machine_.stopping()) stopping_.store(true, std::memory_order_release);
    refused = machine_.take_refused();
  }
  hub_->metrics().message(spec_.type, !failure         ? "handled"
                                      : work->rejected ? "rejected"
                                                       : "failed");
  if (verdict == agent_on_failure::reset) reset();
  if (verdict == agent_on_failure::escalate) hub_->failed(*this, *failure);
  refuse_all(refused);
  if (!failure) {
    for (auto& one : work->sendings) send_out(one);
    if (work->mail.from) work->mail.from->answer({.reply = std::move(work->answer)});
  } else if (work->mail.from) {
    work->mail.from->answer({.error = *failure});
  } else {
    spdlog::debug("agent \"{}\": {}", address_, failure->what());
  }
}

void agent_cell::reset() {
  try {
    state_ = fresh_state();
    std::vector<core::agent_mail> refused;
    if (hub_->log() == nullptr) return;
    {
      lock held{mutex_};
      std::vector<store_write> writes;
      hub_->log()->add_state(writes, entry_, address_,
                             core::encode_agent_state(machine_.handled_number(), state_));
      static_cast<void>(write(held, std::move(writes)));
      refused = machine_.take_refused();
    }
    refuse_all(refused);
  } catch (...) {
    stop({errc::agent_stopped,
          std::string{"no initial state: "} + as_error(std::current_exception()).message()});
  }
}

void agent_cell::send_out(agent_sending& one) {
  switch (one.what) {
    case agent_sending::kind::tell:
      hub_->post_or_count(one.to, std::move(one.mail));
      break;
    case agent_sending::kind::publish:
      hub_->publish_or_count(one.to, one.message, address_);
      break;
    case agent_sending::kind::schedule:
      hub_->schedule(one.to, std::move(one.mail), one.delay);
      break;
  }
}

/// Of an agent that has stopped.
void agent_cell::refuse_all(std::vector<core::agent_mail>& mails) const {
  if (mails.empty()) return;
  const auto reason = status().stopped.value_or(error{errc::agent_stopped, "stopped"});
  for (auto& mail : mails) hub_->refuse_mail(address_, mail, reason);
}

}  // namespace mcp::actors
