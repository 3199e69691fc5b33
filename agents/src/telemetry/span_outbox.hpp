#pragma once

#include "mcp/agents/otlp_exporter.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace mcp::telemetry {

/// Decides which spans are sent when, and which are dropped. Knows no clock; not thread-safe.
class span_outbox {
 public:
  using time = std::chrono::steady_clock::time_point;

  explicit span_outbox(const otlp_options& options);

  /// Drops it when there is no room.
  void push(span one, time now);
  /// The spans to send now: those of the batch that failed, or new ones; null: none yet. They stay
  /// as they are until one of the two below is called.
  [[nodiscard]] const std::vector<span>* next(time now);
  /// When `next` has something, if nothing more comes up.
  [[nodiscard]] std::optional<time> wake() const;

  /// The batch was taken, but for so many of its spans.
  void taken(std::uint64_t rejected);
  /// The batch was not taken. `passing`: it may be another time. `share`: chance, from 0 to 1.
  void failed(bool passing, std::optional<milliseconds> retry_after, time now, double share);

  /// From now on nothing waits for anything, and each batch is tried once.
  void hurry(bool on) noexcept { hurry_ = on; }
  [[nodiscard]] bool empty() const noexcept { return queue_.empty() && batch_.empty(); }
  [[nodiscard]] bool full_batch() const noexcept { return queue_.size() >= batch_size_; }
  [[nodiscard]] otlp_counts counts() const;

 private:
  void give_up();

  const std::size_t room_;
  const std::size_t batch_size_;
  const milliseconds every_;
  const int attempts_;
  const milliseconds shortest_wait_;
  const milliseconds longest_wait_;
  std::deque<span> queue_;
  time oldest_{};  ///< when the first of the queue came
  std::vector<span> batch_;
  int tried_ = 0;
  time again_at_{};
  bool hurry_ = false;
  otlp_counts counts_;
};

}  // namespace mcp::telemetry
