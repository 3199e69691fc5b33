#pragma once

#include "tools/tool_runner.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace mcp::tools {

class tool_attempt;

/// One call and its attempts.
///
///   queued --its turn--> running --answer, or timeout, without another attempt--> ended
///      ^                    | failure or timeout, another attempt
///      '--timer-- pausing <-'
///   each state --cancel--> ended
class tool_call_run final : public running_call,
                            public std::enable_shared_from_this<tool_call_run> {
 public:
  tool_call_run(std::shared_ptr<tool_runner> runner, call_request request, call_handler on_end)
      : runner_(std::move(runner)), request_(std::move(request)), on_end_(std::move(on_end)) {}

  /// Takes a place, or waits for one.
  void enter();
  /// Begins an attempt on the place that it was given.
  void begin();
  /// Attempt `number` was answered.
  void answered(int number, call_end end);
  /// Ends without an attempt.
  void end(call_end end);
  void cancel() override;

  [[nodiscard]] const call_request& request() const noexcept { return request_; }
  [[nodiscard]] tool_runner& runner() const noexcept { return *runner_; }

 private:
  enum class phase : std::uint8_t { queued, running, pausing, ended };

  /// With the lock held: begins the count of a new attempt.
  void start_timer();
  void out_of_time(int number);
  /// With the lock held, at the end of an attempt: pauses for the next one, or ends the call and is
  /// true.
  [[nodiscard]] bool settle(bool again);
  void forget_timer();
  [[nodiscard]] bool repeats(int number, const call_end& end) const;
  [[nodiscard]] milliseconds pause_after(int number) const;

  const std::shared_ptr<tool_runner> runner_;
  const call_request request_;
  const call_handler on_end_;
  std::mutex mutex_;
  phase phase_ = phase::queued;
  int number_ = 0;  ///< of the present attempt, or the last one
  std::weak_ptr<tool_attempt> attempt_;
  std::optional<io::event_loop::timer_id> timer_;
};

}  // namespace mcp::tools
