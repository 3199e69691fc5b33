#pragma once

#include "actors/caf.hpp"
#include "mcp/run.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mcp::actors {

/// A run as its callers see it: its result to come and its recorded events. Shared by the run's
/// actor and all handles. Safe from several threads.
class live_run {
 public:
  live_run(std::string run_id, std::string thread_id, event_mask events, std::size_t capacity)
      : run_id_(std::move(run_id)),
        thread_id_(std::move(thread_id)),
        events_(events),
        capacity_(capacity == 0 ? 1 : capacity) {}

  [[nodiscard]] const std::string& run_id() const noexcept { return run_id_; }
  [[nodiscard]] const std::string& thread_id() const noexcept { return thread_id_; }
  [[nodiscard]] bool wants(event_kind kind) const noexcept { return has(events_, kind); }

  void set_actor(caf::actor run);
  /// Nothing when the run has ended.
  void control(control_message::kind what, std::shared_ptr<error> reason = nullptr);

  void record(run_event event);
  enum class reading : std::uint8_t { found, none_yet, ended };
  /// Reads event `number`; throws `event_gone`, and moves `number` to the oldest one there is.
  reading read(std::uint64_t& number, run_event& out, bool wait);

  void accept();
  void finish(run_result_info result);
  /// Waits until the run is accepted or has ended; throws when it was refused.
  void wait_accepted();
  [[nodiscard]] run_result_info wait();
  /// Calls `then` once the run has ended, on the thread that ends it; at once if it has.
  void when_finished(std::function<void(const run_result_info&)> then);
  [[nodiscard]] const std::atomic<bool>& finished_flag() const noexcept { return finished_; }
  [[nodiscard]] bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }

 private:
  const std::string run_id_;
  const std::string thread_id_;
  const event_mask events_;
  const std::size_t capacity_;
  std::atomic<bool> finished_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  int sleepers_ = 0;
  bool accepted_ = false;
  std::optional<run_result_info> result_;
  std::uint64_t first_number_ = 1;  ///< of the oldest kept event
  std::deque<run_event> kept_;
  std::size_t kept_bytes_ = 0;  ///< of their JSON
  caf::actor actor_;
  std::vector<control_message> early_;  ///< while the actor is not known yet
  std::vector<std::function<void(const run_result_info&)>> listeners_;
};

}  // namespace mcp::actors
