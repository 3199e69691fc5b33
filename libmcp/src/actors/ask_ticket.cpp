#include "actors/ask_ticket.hpp"

namespace mcp::actors {

void ask_ticket::arm(milliseconds timeout, std::string what) {
  const std::lock_guard lock{mutex_};
  if (!wanted()) return;
  timer_ = owner_->timer().at(owner_->clock().now() + timeout, [ticket = weak_from_this(), timeout,
                                                                what = std::move(what)] {
    const auto self = ticket.lock();
    if (!self) return;
    self->answer({.error = error{errc::call_timeout, what + " was not answered within " +
                                                         std::to_string(timeout.count()) +
                                                         " ms (the timeout of the ask)"}});
  });
}

void ask_ticket::answer(agent_outcome outcome) {
  if (done_.exchange(true, std::memory_order_acq_rel)) return;
  {
    const std::lock_guard lock{mutex_};
    if (timer_ != 0) owner_->timer().cancel(timer_);
  }
  const auto then = std::exchange(then_, nullptr);
  try {
    then(std::move(outcome));
  } catch (...) {  // a defect of whoever asked; the agent that answers is not to suffer for it
  }
}

}  // namespace mcp::actors
