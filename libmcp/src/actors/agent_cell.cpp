#include "actors/agent_cell.hpp"

#include "actors/agent_hub.hpp"
#include "core/agent_address.hpp"

#include <spdlog/spdlog.h>

namespace mcp::actors {
namespace {

/// Does what its cell's machine says; owns nothing.
class agent_actor final : public base_actor {
 public:
  agent_actor(caf::actor_config& config, std::shared_ptr<agent_cell> cell)
      : base_actor(config), cell_(std::move(cell)), census_(cell_->hub().at_work()) {
    census_->enter();
  }

  caf::behavior make_behavior() override {
    return {[this](visit_message) {
      if (!cell_->visit()) return;
      done_ = true;
      quit();
    }};
  }

  void on_exit() override {
    if (!done_) cell_->actor_died();
    cell_.reset();
    census_->leave();
  }

 private:
  std::shared_ptr<agent_cell> cell_;
  std::shared_ptr<census> census_;
  bool done_ = false;
};

}  // namespace

void check_timeout(milliseconds timeout) {
  if (timeout.count() > 0) return;
  throw error{errc::invalid_argument, "the timeout of an ask must be positive"};
}

void refuse(core::agent_mail& mail, const error& reason) {
  if (mail.from) mail.from->answer({.error = reason});
  if (mail.accepted) mail.accepted(reason);
}

agent_cell::agent_cell(std::shared_ptr<agent_hub> hub, const agent_spec& spec, std::string address,
                       std::string saved)
    : hub_(std::move(hub)),
      spec_(spec),
      address_(std::move(address)),
      saved_(std::move(saved)),
      machine_(spec.options, hub_->log() != nullptr, hub_->owner().clock().now(),
               hub_->supervises(spec.type)) {}

void agent_cell::start() {
  lock held{mutex_};
  spawn(held);
}

void agent_cell::spawn(lock& held) {
  const spawn_scope scope;
  actor_ = hub_->owner().system().spawn<agent_actor>(shared_from_this());
  rung_ = false;
  ring(held);
}

void agent_cell::ring(lock&) {
  if (ended_ || rung_ || !actor_) return;
  rung_ = true;
  caf::anon_send(actor_, visit_message{});
}

void agent_cell::after_change() {
  lock held{mutex_};
  ring(held);
}

core::agent_admission agent_cell::arrive(core::agent_mail& mail) {
  std::vector<std::function<void()>> calls;
  core::agent_admission result;
  {
    lock held{mutex_};
    result = machine_.arrive(mail);
    if (result.gone || result.refused) return result;
    calls = write_orders(held);
    ring(held);
  }
  for (const auto& call : calls) call();
  return result;
}

void agent_cell::resumed(std::uint64_t generation, agent_continuation then) {
  lock held{mutex_};
  if (!machine_.resumed(generation)) return;
  work_->ready.push_back(std::move(then));
  ring(held);
}

std::uint64_t agent_cell::open_question() {
  const lock held{mutex_};
  if (machine_.open() >= max_agent_questions) {
    throw error{errc::too_large, "a message waits for more than " +
                                     std::to_string(max_agent_questions) + " answers"};
  }
  machine_.opened();
  return machine_.generation();
}

bool agent_cell::is_awaited(std::uint64_t generation) const {
  const lock held{mutex_};
  return work_ && machine_.generation() == generation && !machine_.stopping() &&
         work_->mail.wanted();
}

void agent_cell::start_over() {
  std::deque<agent_continuation> late;
  const lock held{mutex_};
  machine_.start_over();
  late.swap(work_->ready);
}

void agent_cell::stop(error reason) {
  for (auto& mail : halt(reason)) hub_->refuse_mail(address_, mail, reason);
}

std::vector<core::agent_mail> agent_cell::halt(const error& reason) {
  lock held{mutex_};
  stopping_.store(true, std::memory_order_release);
  afterwards_ = afterwards::nothing;
  machine_.stop(reason);
  ring(held);
  return machine_.take_refused();
}

agent_status agent_cell::status() const {
  const lock held{mutex_};
  return {.phase = machine_.phase(),
          .waiting = machine_.waiting(),
          .handled = machine_.handled(),
          .failed = machine_.failed(),
          .stopped = machine_.stopping()};
}

bool agent_cell::revive(std::string& saved) {
  const lock held{mutex_};
  if (!machine_.revive()) return false;
  saved = state_to_keep();
  return true;
}

void agent_cell::kill_actor() {
  const lock held{mutex_};
  if (actor_) caf::anon_send_exit(actor_, caf::exit_reason::kill);
}

void agent_cell::actor_died() {
  std::vector<core::agent_mail> refused;
  std::optional<error> reason;
  bool escalates = false;
  {
    lock held{mutex_};
    if (ended_) return;
    hub_->count_replaced(spec_.type);
    spdlog::warn("agent \"{}\": its actor died and is replaced", address_);
    const bool too_often = !machine_.may_restart(hub_->owner().clock().now());
    escalates = too_often && hub_->supervises(spec_.type);
    if (too_often && !escalates) {
      machine_.stop({errc::agent_stopped, "its actor died too often"});
      stopping_.store(true, std::memory_order_release);
      refused = machine_.take_refused();
      reason = machine_.stopping();
    }
    spawn(held);
  }
  for (auto& mail : refused) hub_->refuse_mail(address_, mail, *reason);
  if (escalates) hub_->failed(*this, {errc::agent_failed, "its actor died too often"});
}

bool agent_cell::leave() {
  const lock held{mutex_};
  if (!machine_.leave(hub_->owner().clock().now())) return false;
  ended_ = true;
  actor_ = nullptr;
  return true;
}

bool agent_cell::visit() {
  for (bool took = false;;) {
    core::agent_todo todo{};
    auto then = afterwards::nothing;
    {
      lock held{mutex_};
      rung_ = false;
      if (ended_) return true;
      // One message, then others have their turn.
      if (took && machine_.has_message()) {
        ring(held);
        return false;
      }
      todo = machine_.next(hub_->owner().clock().now());
      if (todo == core::agent_todo::nothing) {
        arm_idle();
        return false;
      }
      if (todo == core::agent_todo::end) {
        ended_ = true;
        actor_ = nullptr;
        then = std::exchange(afterwards_, afterwards::nothing);
      }
      // Under the same lock: a moment later a cancel may have emptied the mailbox.
      if (todo == core::agent_todo::begin) {
        work_ = std::make_unique<agent_work>(*this, machine_.take());
      }
    }
    if (todo == core::agent_todo::end) {
      if (then != afterwards::nothing) hub_->start_again(*this, then);
      return true;
    }
    took = took || todo == core::agent_todo::begin;
    if (do_next(todo)) return true;
  }
}

bool agent_cell::do_next(core::agent_todo todo) {
  switch (todo) {
    case core::agent_todo::load:
      load();
      break;
    case core::agent_todo::begin:
      start_turn({});
      break;
    case core::agent_todo::go_on:
      go_on();
      break;
    case core::agent_todo::prepare:
      prepare();
      break;
    case core::agent_todo::commit:
      commit();
      break;
    case core::agent_todo::release:
      release();
      break;
    case core::agent_todo::restart:
      restart();
      break;
    case core::agent_todo::leave:
      return hub_->let_sleep(*this, state_to_keep());
    case core::agent_todo::nothing:
    case core::agent_todo::end:
      break;
  }
  return false;
}

/// One timer while there is nothing to do, never moved: when it is due the machine looks again.
void agent_cell::arm_idle() {
  const auto at = machine_.sleeps_at();
  auto& owner = hub_->owner();
  // In the past: what is written is awaited, and rings.
  if (!at || idle_armed_ || *at <= owner.clock().now()) return;
  idle_armed_ = true;
  owner.timer().at(*at, [cell = weak_from_this()] {
    const auto self = cell.lock();
    if (!self) return;
    lock held{self->mutex_};
    self->idle_armed_ = false;
    self->ring(held);
  });
}

value agent_cell::fresh_state() const {
  if (!spec_.initial) return value{*spec_.state};
  return spec_.initial(core::parse_agent_address(address_).key);
}

std::string agent_cell::state_to_keep() const {
  if (hub_->log() != nullptr) return {};
  if (spec_.state->equal(state_.get(), fresh_state().get())) return {};
  return core::encode_agent_state(0, state_);
}

bool agent_cell::submit(std::function<void(agent_cell&)> job) {
  struct owned {
    census_seat seat;  // the first: it goes last
    std::shared_ptr<agent_cell> self;
  };
  return hub_->owner().workers().submit(
      [of = owned{census_seat{hub_->at_work()}, shared_from_this()}, job = std::move(job)] {
        job(*of.self);
      });
}

void agent_cell::load() {
  const auto* log = hub_->log();
  if (log == nullptr || !log->blocking()) return load_here();
  if (submit([](agent_cell& self) { self.load_here(); })) return;
  load_failed({errc::overloaded, "too many jobs wait for a blocking thread to load this agent"});
}

void agent_cell::load_here() {
  std::optional<error> failed;
  stored_agent found;
  try {
    found.state = fresh_state();
    if (hub_->log() != nullptr) {
      found = hub_->log()->load(spec_, address_, std::move(found.state));
    } else if (!saved_.empty()) {
      static_cast<void>(core::decode_agent_state(std::exchange(saved_, {}), found.state));
    }
  } catch (const error& what) {
    failed = what;
  } catch (const std::exception& what) {
    failed = error{errc::agent_failed, what.what()};
  }
  if (failed) return load_failed(failed->at({.node = address_}));
  std::vector<std::function<void()>> calls;
  {
    lock held{mutex_};
    state_ = std::move(found.state);
    entry_ = std::move(found.entry);
    machine_.loaded(found.handled, std::move(found.mails), hub_->owner().clock().now());
    calls = write_orders(held);
    ring(held);
  }
  for (const auto& call : calls) call();
}

void agent_cell::load_failed(const error& reason) {
  hub_->forget(*this);
  std::vector<core::agent_mail> waiting;
  {
    lock held{mutex_};
    waiting = machine_.load_failed();
    // The actor may be between two messages: it has to see that it is not needed.
    rung_ = false;
    ring(held);
    ended_ = true;
  }
  spdlog::error("agent \"{}\" cannot be loaded: {}", address_, reason.what());
  for (auto& mail : waiting) hub_->refuse_mail(address_, mail, reason);
}

}  // namespace mcp::actors
