#pragma once

#include "mcp/agents/model_policies.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mcp::limits {

/// Decides when calls may start. Pure: time comes in as an argument and never goes backwards. Not
/// thread-safe.
///
/// Paced: each admission moves the earliest time of the next one by its share of a minute; what
/// comes late may catch up by `tolerance`. Fair: every run with waiting calls has a turn number,
/// the lowest is next, and a turn moves the run's number on by one divided by the weight of the
/// call's priority. A run that comes in begins one turn after the last admission, so that neither
/// many calls of one run nor many new runs keep another from its turn.
class rate_limiter {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using ticket = std::uint64_t;

  /// Lateness that is made up for.
  static constexpr std::chrono::milliseconds tolerance{100};
  /// Most that one call moves the time of the next one, whatever its tokens.
  static constexpr std::chrono::hours longest_share{1};
  /// A rejection lowers the rate to this part of it ...
  static constexpr double lowering = 0.75;
  /// ... but not below this part of the full rate, ...
  static constexpr double lowest_rate = 0.05;
  /// ... which is back after this time without a rejection.
  static constexpr std::chrono::seconds recovery{200};
  /// Pause after a rejection that does not say how long.
  static constexpr std::chrono::seconds default_pause{2};
  static constexpr int highest_priority = 8;

  explicit rate_limiter(const rate_limit& limit) : limit_(limit) {}

  struct place {
    std::optional<ticket> taken{};             ///< nothing: the queue is full
    std::chrono::milliseconds retry_after{0};  ///< then: when there may be room
  };
  /// Queues a call of about so many tokens.
  [[nodiscard]] place enter(time_point now, const std::string& run, int priority,
                            std::int64_t tokens);
  /// Takes a call out of the queue; false when it is not there.
  bool leave(ticket call);
  /// The calls that start now, in order.
  [[nodiscard]] std::vector<ticket> admit(time_point now);
  /// When `admit` will find something if nothing else happens.
  [[nodiscard]] std::optional<time_point> next_admission(time_point now) const;
  /// An admitted call has ended, with so many tokens really used.
  void finished(time_point now, ticket call, std::int64_t tokens_used);
  /// The provider refused an admitted call because there were too many.
  void rejected(time_point now, ticket call, std::optional<std::chrono::milliseconds> retry_after);

  [[nodiscard]] std::size_t waiting() const noexcept { return runs_of_.size(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  /// Part of the full rate that is used now; 1 unless the provider has rejected calls.
  [[nodiscard]] double rate(time_point now) const;

 private:
  struct waiting_call {
    int priority = 0;
    std::int64_t tokens = 0;
  };
  /// The place of a run in the order: its turn, and who was first among equals.
  using turn = std::pair<std::int64_t, std::uint64_t>;
  struct waiting_run {
    std::map<ticket, waiting_call> calls{};
    turn next{};
  };
  struct running_call {
    std::int64_t tokens = 0;
    time_point since{};
  };
  using waiting_runs = std::map<std::string, waiting_run>;

  [[nodiscard]] static std::int64_t step_of(int priority);
  [[nodiscard]] std::chrono::nanoseconds share(time_point now, double amount,
                                               double per_minute) const;
  [[nodiscard]] double requests_per_minute() const;
  [[nodiscard]] time_point earliest() const;
  ticket admit_next(time_point now);
  void count_admission(time_point now);
  [[nodiscard]] double recent_admissions(time_point now) const;
  void give_back(time_point now, ticket call, std::int64_t tokens_used);

  rate_limit limit_;
  ticket last_ticket_ = 0;
  std::uint64_t last_turn_ = 0;
  std::int64_t virtual_time_ = 0;  ///< turn of the last admission
  waiting_runs runs_;
  std::map<ticket, waiting_runs::iterator> runs_of_;
  std::map<turn, waiting_runs::iterator> order_;
  std::map<ticket, running_call> in_flight_;

  time_point next_request_{};  ///< earliest start by requests per minute
  time_point next_tokens_{};   ///< earliest start by tokens per minute
  time_point paused_until_{};

  double lowered_to_ = 1.0;  ///< the rate at `lowered_at_`
  time_point lowered_at_{};
  time_point recovers_from_{};
  double learned_rate_ = 0.0;  ///< requests per minute when the limit names none; 0: not known

  time_point minute_start_{};
  double this_minute_ = 0.0;
  double last_minute_ = 0.0;
};

}  // namespace mcp::limits
