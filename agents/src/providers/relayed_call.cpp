#include "providers/relayed_call.hpp"

#include <utility>

namespace mcp::providers {

chat_outcome failed_outcome(error reason, bool passing) {
  chat_outcome outcome;
  outcome.failure = model_failure{.error = std::move(reason), .passing = passing};
  return outcome;
}

chat_outcome cancelled_outcome() {
  return failed_outcome(error{errc::cancelled, "the call of the model was cancelled"});
}

void relayed_call::cancel() {
  std::shared_ptr<chat_call> inner;
  io::event_loop* loop = nullptr;
  io::event_loop::timer_id timer = 0;
  {
    const std::lock_guard lock{mutex_};
    if (phase_ == phase::ended || cancelled_) return;
    cancelled_ = true;
    if (phase_ == phase::calling) {
      inner = inner_;
      // Whoever is starting it sees the mark and cancels it.
      if (!inner) return;
    }
    loop = std::exchange(loop_, nullptr);
    timer = timer_;
  }
  if (inner) {
    inner->cancel();
    return;
  }
  if (loop != nullptr) loop->forget(timer);
  stop_waiting();
  finish(cancelled_outcome());
}

bool relayed_call::call(chat_model& model, chat_request request) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::idle || cancelled_) return false;
    phase_ = phase::calling;
    number = ++calls_;
  }
  if (std::exchange(streamed_, false)) {
    handler_.on_delta({.what = chat_delta::kind::restart});
  }
  const auto self = shared_from_this();
  chat_handler relay;
  if (handler_.on_delta) {
    relay.on_delta = [self](const chat_delta& delta) {
      self->streamed_ = true;
      self->handler_.on_delta(delta);
    };
  }
  relay.on_end = [self](chat_outcome outcome) { self->hear_end(std::move(outcome)); };
  auto inner = model.start(std::move(request), std::move(relay));
  {
    const std::lock_guard lock{mutex_};
    // It may have ended already, and another one may be under way.
    if (phase_ != phase::calling || number != calls_) return true;
    inner_ = inner;
    if (!cancelled_) return true;
  }
  inner->cancel();
  return true;
}

void relayed_call::hear_end(chat_outcome outcome) {
  inner_is_over(outcome);
  bool unwanted = false;
  std::shared_ptr<chat_call> inner;  // let go of outside the lock
  {
    const std::lock_guard lock{mutex_};
    phase_ = phase::idle;
    inner = std::move(inner_);
    unwanted = cancelled_;
  }
  if (!unwanted) return inner_ended(std::move(outcome));
  finish(outcome.answer ? std::move(outcome) : cancelled_outcome());
}

void relayed_call::wait(io::event_loop& loop, io::steady_time when, std::function<void()> then) {
  const std::lock_guard lock{mutex_};
  if (phase_ != phase::idle || cancelled_) return;
  loop_ = &loop;
  timer_ =
      loop.call_at(when, [self = shared_from_this(), number = ++waits_, then = std::move(then)] {
        {
          const std::lock_guard inside{self->mutex_};
          if (self->loop_ == nullptr || number != self->waits_) return;
          self->loop_ = nullptr;
        }
        then();
      });
}

void relayed_call::finish(chat_outcome outcome) {
  chat_handler handler;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(phase_, phase::ended) == phase::ended) return;
    handler = std::exchange(handler_, {});
  }
  handler.on_end(std::move(outcome));
}

}  // namespace mcp::providers
