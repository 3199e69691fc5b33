#include "tools/tool_call_run.hpp"

#include "tools/text.hpp"
#include "tools/tool_attempt.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

namespace mcp::tools {
namespace {

constexpr std::size_t jitter_milliseconds = 1000;

call_end failed_with(errc code, std::string message) {
  return {.failed = failure{.error = error{code, std::move(message)}}};
}

/// Failures that another attempt cannot mend, whatever the policy says.
bool final_failure(errc code) {
  return code == errc::invalid_tool_call || code == errc::cancelled ||
         code == errc::budget_exceeded;
}

}  // namespace

void tool_call_run::enter() {
  {
    const std::lock_guard lock{mutex_};
    if (phase_ == phase::ended) return;
    phase_ = phase::queued;
    timer_.reset();
  }
  try {
    if (runner_->admit(shared_from_this())) begin();
  } catch (const error& refused) {
    end({.failed = failure{.error = refused}});
  }
}

void tool_call_run::begin() {
  std::shared_ptr<tool_attempt> attempt;
  try {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::ended) {
      start_timer();
      attempt = std::make_shared<tool_attempt>(shared_from_this(), number_);
      attempt_ = attempt;
      phase_ = phase::running;
    }
  } catch (const error& refused) {
    end({.failed = failure{.error = refused}});
  }
  if (!attempt) return runner_->release();
  if (!runner_->what()->options().blocking) return tool_attempt::run(attempt);
  if (!runner_->pool().post([attempt] { tool_attempt::run(attempt); })) {
    static_cast<void>(attempt->fail(
        {.error = error{errc::overloaded, "too many blocking tools wait for a thread"}}));
  }
}

void tool_call_run::start_timer() {
  ++number_;
  const auto limit = runner_->what()->options().timeout;
  if (limit.count() == 0) return;
  auto& loop = runner_->loop();
  timer_ = loop.call_at(loop.now() + limit, [self = shared_from_this(), number = number_] {
    self->out_of_time(number);
  });
}

void tool_call_run::answered(int number, call_end end) {
  const bool again = repeats(number, end);
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::running || number != number_) return;
    if (!settle(again)) return;
  }
  if (end.result) {
    const auto limit = runner_->what()->options().max_result_bytes;
    end.result->content = shortened(std::move(end.result->content), limit);
    if (!end.result->is_error) runner_->keep(request_.arguments, *end.result);
  }
  on_end_(std::move(end));
}

void tool_call_run::out_of_time(int number) {
  const auto limit = std::to_string(runner_->what()->options().timeout.count());
  auto end = failed_with(errc::call_timeout,
                         "the attempt took longer than tool_options::timeout, " + limit + " ms");
  const bool again = repeats(number, end);
  std::shared_ptr<tool_attempt> attempt;
  bool over = false;
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::running || number != number_) return;
    attempt = attempt_.lock();
    over = settle(again);
  }
  if (attempt) attempt->stop();
  if (over) on_end_(std::move(end));
}

void tool_call_run::cancel() {
  std::shared_ptr<tool_attempt> attempt;
  {
    const std::lock_guard lock{mutex_};
    if (phase_ == phase::ended) return;
    forget_timer();
    phase_ = phase::ended;
    attempt = attempt_.lock();
  }
  runner_->forget(*this);
  if (attempt) attempt->stop();
  on_end_(failed_with(errc::cancelled, "the call of the tool was cancelled"));
}

void tool_call_run::end(call_end end) {
  {
    const std::lock_guard lock{mutex_};
    if (phase_ == phase::ended) return;
    phase_ = phase::ended;
  }
  on_end_(std::move(end));
}

bool tool_call_run::settle(bool again) {
  forget_timer();
  phase_ = again ? phase::pausing : phase::ended;
  if (!again) return true;
  try {
    auto& loop = runner_->loop();
    timer_ = loop.call_at(loop.now() + pause_after(number_),
                          [self = shared_from_this()] { self->enter(); });
    return false;
  } catch (const error&) {  // too many timers: the failure is told as it is
    phase_ = phase::ended;
    return true;
  }
}

void tool_call_run::forget_timer() {
  if (timer_) runner_->loop().forget(*timer_);
  timer_.reset();
}

bool tool_call_run::repeats(int number, const call_end& end) const {
  const auto& retry = runner_->what()->options().retry;
  if (!end.failed || !retry || number >= retry->max_attempts) return false;
  if (final_failure(end.failed->error.code())) return false;
  try {
    return !retry->retry_on || retry->retry_on(*end.failed);
  } catch (...) {
    return false;
  }
}

milliseconds tool_call_run::pause_after(int number) const {
  const auto& retry = *runner_->what()->options().retry;
  const auto longest = static_cast<double>(retry.max_interval.count());
  const auto wanted = static_cast<double>(retry.initial_interval.count()) *
                      std::pow(retry.backoff_factor, number - 1);
  milliseconds pause{static_cast<milliseconds::rep>(std::clamp(wanted, 0.0, longest))};
  if (retry.jitter) {
    // Spread over calls, the same whenever a call is repeated.
    const auto seed =
        std::hash<std::string>{}(request_.idempotency_key + "#" + std::to_string(number));
    pause += milliseconds{static_cast<milliseconds::rep>(seed % jitter_milliseconds)};
  }
  return pause;
}

}  // namespace mcp::tools
