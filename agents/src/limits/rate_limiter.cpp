#include "limits/rate_limiter.hpp"

#include <algorithm>

namespace mcp::limits {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
constexpr std::chrono::minutes minute{1};

}  // namespace

std::int64_t rate_limiter::step_of(int priority) {
  constexpr std::int64_t unit = 1 << 16;
  const auto within = std::clamp(priority, -highest_priority, highest_priority);
  return within >= 0 ? unit >> within : unit << -within;
}

rate_limiter::place rate_limiter::enter(time_point now, const std::string& run, int priority,
                                        std::int64_t tokens) {
  if (runs_of_.size() >= limit_.queue) {
    const auto per_minute = requests_per_minute();
    auto wait = milliseconds{1000};
    if (per_minute > 0) {
      wait = duration_cast<milliseconds>(share(now, static_cast<double>(waiting()), per_minute));
    }
    return {.retry_after = std::max(wait, milliseconds{1000})};
  }
  const auto call = ++last_ticket_;
  const auto [found, fresh] = runs_.try_emplace(run);
  auto& one = found->second;
  if (fresh) {
    one.next = {virtual_time_ + step_of(priority), ++last_turn_};
    order_.emplace(one.next, found);
  }
  one.calls.emplace(call, waiting_call{priority, std::max<std::int64_t>(tokens, 0)});
  runs_of_.emplace(call, found);
  return {.taken = call};
}

bool rate_limiter::leave(ticket call) {
  const auto found = runs_of_.find(call);
  if (found == runs_of_.end()) return false;
  const auto run = found->second;
  runs_of_.erase(found);
  run->second.calls.erase(call);
  if (run->second.calls.empty()) {
    order_.erase(run->second.next);
    runs_.erase(run);
  }
  return true;
}

std::vector<rate_limiter::ticket> rate_limiter::admit(time_point now) {
  std::vector<ticket> admitted;
  while (!order_.empty() && (limit_.in_flight == 0 || in_flight_.size() < limit_.in_flight) &&
         earliest() <= now) {
    admitted.push_back(admit_next(now));
  }
  return admitted;
}

rate_limiter::ticket rate_limiter::admit_next(time_point now) {
  const auto run = order_.begin()->second;
  auto& one = run->second;
  const auto first = one.calls.begin();
  const auto [call, what] = *first;
  order_.erase(order_.begin());
  one.calls.erase(first);
  runs_of_.erase(call);
  virtual_time_ = std::max(virtual_time_, one.next.first);
  if (one.calls.empty()) {
    runs_.erase(run);
  } else {
    one.next = {virtual_time_ + step_of(one.calls.begin()->second.priority), ++last_turn_};
    order_.emplace(one.next, run);
  }

  count_admission(now);
  in_flight_.emplace(call, running_call{what.tokens, now});
  if (const auto per_minute = requests_per_minute(); per_minute > 0) {
    next_request_ = std::max(next_request_, now) + share(now, 1.0, per_minute);
  }
  if (limit_.tokens_per_minute > 0) {
    next_tokens_ =
        std::max(next_tokens_, now) +
        share(now, static_cast<double>(what.tokens), static_cast<double>(limit_.tokens_per_minute));
  }
  return call;
}

std::optional<rate_limiter::time_point> rate_limiter::next_admission(time_point now) const {
  if (order_.empty()) return std::nullopt;
  if (limit_.in_flight > 0 && in_flight_.size() >= limit_.in_flight) return std::nullopt;
  return std::max(now, earliest());
}

rate_limiter::time_point rate_limiter::earliest() const {
  return std::max(std::max(next_request_, next_tokens_) - tolerance, paused_until_);
}

void rate_limiter::finished(time_point now, ticket call, std::int64_t tokens_used) {
  give_back(now, call, tokens_used);
}

void rate_limiter::rejected(time_point now, ticket call, std::optional<milliseconds> retry_after) {
  const auto found = in_flight_.find(call);
  if (found == in_flight_.end()) return;
  const auto since = found->second.since;
  give_back(now, call, 0);
  const auto pause = now + retry_after.value_or(duration_cast<milliseconds>(default_pause));
  paused_until_ = std::max(paused_until_, pause);
  // Calls that started before the rate was lowered say nothing about the lower rate.
  if (lowered_to_ < 1.0 && since <= lowered_at_) return;
  if (limit_.requests_per_minute == 0 && learned_rate_ <= 0) {
    learned_rate_ = std::max(1.0, recent_admissions(now));
  }
  lowered_to_ = std::max(lowest_rate, rate(now) * lowering);
  lowered_at_ = now;
  recovers_from_ = paused_until_;
}

double rate_limiter::rate(time_point now) const {
  if (now <= recovers_from_) return lowered_to_;
  const auto recovered = duration<double>(now - recovers_from_) / duration<double>(recovery);
  return std::min(1.0, lowered_to_ + recovered);
}

double rate_limiter::requests_per_minute() const {
  return limit_.requests_per_minute > 0 ? static_cast<double>(limit_.requests_per_minute)
                                        : learned_rate_;
}

std::chrono::nanoseconds rate_limiter::share(time_point now, double amount,
                                             double per_minute) const {
  const auto exact = duration<double, std::nano>(minute) * (amount / (per_minute * rate(now)));
  const duration<double, std::nano> longest{longest_share};
  return duration_cast<nanoseconds>(std::clamp(exact, -longest, longest));
}

void rate_limiter::give_back(time_point now, ticket call, std::int64_t tokens_used) {
  const auto found = in_flight_.find(call);
  if (found == in_flight_.end()) return;
  if (limit_.tokens_per_minute > 0) {
    const auto more = static_cast<double>(tokens_used - found->second.tokens);
    next_tokens_ = std::max(next_tokens_, now) +
                   share(now, more, static_cast<double>(limit_.tokens_per_minute));
  }
  in_flight_.erase(found);
  // A rate that was guessed is forgotten once it has fully recovered: it may have been too low.
  if (learned_rate_ > 0 && rate(now) >= 1.0) learned_rate_ = 0.0;
}

void rate_limiter::count_admission(time_point now) {
  const auto past = now - minute_start_;
  if (past >= minute) {
    last_minute_ = past < 2 * minute ? this_minute_ : 0.0;
    this_minute_ = 0.0;
    minute_start_ = now;
  }
  this_minute_ += 1.0;
}

double rate_limiter::recent_admissions(time_point now) const {
  const auto part = duration<double>(now - minute_start_) / duration<double>(minute);
  return this_minute_ + last_minute_ * std::max(0.0, 1.0 - part);
}

}  // namespace mcp::limits
