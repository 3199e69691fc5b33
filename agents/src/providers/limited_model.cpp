#include "providers/limited_model.hpp"

#include "io/default_loop.hpp"
#include "providers/relayed_call.hpp"

#include <atomic>
#include <map>
#include <utility>
#include <vector>

namespace mcp::providers {

std::shared_ptr<shared_limiter> shared_limiter::of_process(const std::string& account,
                                                           const rate_limit& limit,
                                                           io::event_loop& loop) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<shared_limiter>> all;
  const std::lock_guard lock{mutex};
  std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = all.find(account); found != all.end()) {
    if (auto alive = found->second.lock()) {
      if (alive->limit_ == limit) return alive;
      throw error{errc::invalid_argument, "the rate limiter of \"" + account +
                                              "\" is in use with another limit; give both the "
                                              "same limit, or accounts of different names"};
    }
  }
  auto made = std::make_shared<shared_limiter>(account, limit, loop);
  all[account] = made;
  return made;
}

std::optional<model_failure> shared_limiter::enter(const call_tag& tag, std::int64_t tokens,
                                                   std::function<void(ticket)> go, ticket& place) {
  const std::lock_guard lock{mutex_};
  const auto now = loop_.now();
  const auto given = decide_.enter(now, tag.run, tag.priority, tokens);
  if (!given.taken) {
    const auto seconds = (given.retry_after.count() + 999) / 1000;
    return model_failure{
        .error = error{errc::overloaded, "the rate limiter of \"" + account_ + "\" has " +
                                             std::to_string(limit_.queue) +
                                             " calls waiting, its limit (rate_limit::queue); try "
                                             "again in about " +
                                             std::to_string(seconds) + " s"},
        .passing = true,
        .retry_after = given.retry_after};
  }
  place = *given.taken;
  go_.emplace(place, std::move(go));
  plan(now);
  return std::nullopt;
}

bool shared_limiter::leave(ticket call) {
  std::function<void(ticket)> dropped;  // let go of outside the lock
  const std::lock_guard lock{mutex_};
  if (!decide_.leave(call)) return false;
  const auto found = go_.find(call);
  dropped = std::move(found->second);
  go_.erase(found);
  return true;
}

void shared_limiter::finished(ticket call, const chat_outcome& outcome) {
  const std::lock_guard lock{mutex_};
  const auto now = loop_.now();
  if (outcome.failure && outcome.failure->error.code() == errc::rate_limited) {
    decide_.rejected(now, call, outcome.failure->retry_after);
  } else {
    decide_.finished(now, call, outcome.answer ? outcome.answer->usage.total() : 0);
  }
  plan(now);
}

void shared_limiter::unused(ticket call) {
  const std::lock_guard lock{mutex_};
  const auto now = loop_.now();
  decide_.finished(now, call, 0);
  plan(now);
}

std::size_t shared_limiter::in_flight() const {
  const std::lock_guard lock{mutex_};
  return decide_.in_flight();
}

std::size_t shared_limiter::waiting() const {
  const std::lock_guard lock{mutex_};
  return decide_.waiting();
}

// Calls are started by the timer only: a call that ends while it is being started would otherwise
// start the next one within itself.
void shared_limiter::plan(io::steady_time now) {
  const auto next = decide_.next_admission(now);
  if (!next || (planned_ && *planned_ <= *next)) return;
  if (planned_) loop_.forget(timer_);
  planned_ = *next;
  timer_ = loop_.call_at(*next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->start_calls();
  });
}

void shared_limiter::start_calls() {
  std::vector<std::pair<ticket, std::function<void(ticket)>>> ready;
  {
    const std::lock_guard lock{mutex_};
    const auto now = loop_.now();
    planned_.reset();
    for (const auto call : decide_.admit(now)) {
      const auto found = go_.find(call);
      ready.emplace_back(call, std::move(found->second));
      go_.erase(found);
    }
    plan(now);
  }
  for (auto& [call, go] : ready) go(call);
}

namespace {

class limited_call final : public relayed_call {
 public:
  limited_call(std::shared_ptr<chat_model> model, std::shared_ptr<shared_limiter> limiter,
               chat_request request, chat_handler handler)
      : relayed_call(std::move(handler)),
        model_(std::move(model)),
        limiter_(std::move(limiter)),
        request_(std::move(request)) {}

  void queue() {
    const auto tokens = estimated_tokens(request_) + request_.max_tokens.value_or(unknown_answer);
    shared_limiter::ticket place = 0;
    const auto self = std::static_pointer_cast<limited_call>(shared_from_this());
    auto refused = limiter_->enter(
        request_.tag, tokens, [self](shared_limiter::ticket given) { self->go(given); }, place);
    if (refused) {
      chat_outcome outcome;
      outcome.failure = std::move(refused);
      return finish(std::move(outcome));
    }
    place_ = place;
  }

 private:
  /// Tokens set aside for an answer whose length the request does not limit.
  static constexpr std::int64_t unknown_answer = 1024;

  void go(shared_limiter::ticket given) {
    place_ = given;
    if (!call(*model_, std::move(request_))) limiter_->unused(given);
  }
  void inner_is_over(const chat_outcome& outcome) override { limiter_->finished(place_, outcome); }
  void inner_ended(chat_outcome outcome) override { finish(std::move(outcome)); }
  void stop_waiting() override { limiter_->leave(place_); }

  std::shared_ptr<chat_model> model_;
  std::shared_ptr<shared_limiter> limiter_;
  chat_request request_;
  std::atomic<shared_limiter::ticket> place_{0};
};

}  // namespace

std::shared_ptr<chat_call> limited_model::start(chat_request request, chat_handler handler) {
  auto made =
      std::make_shared<limited_call>(inner(), limiter_, std::move(request), std::move(handler));
  made->queue();
  return made;
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> with_limit(std::shared_ptr<chat_model> model, const rate_limit& limit,
                                       std::string account) {
  if (!model) throw error{errc::invalid_argument, "with_limit was given no model"};
  if (limit.requests_per_minute < 0 || limit.tokens_per_minute < 0) {
    throw error{errc::invalid_argument, "the limits of a rate_limit are at least 0"};
  }
  if (limit.queue == 0) {
    throw error{errc::invalid_argument,
                "rate_limit::queue is 0; every call waits in it, if only "
                "for a moment, so it is at least 1"};
  }
  if (account.empty()) account = model->account();
  auto limiter = providers::shared_limiter::of_process(account, limit, io::default_loop());
  return std::make_shared<providers::limited_model>(std::move(model), std::move(limiter));
}

}  // namespace mcp
