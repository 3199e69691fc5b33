#pragma once

#include "io/event_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace mcp::protocol {

/// When to start a server again: at most `intensity` times within `period`, each time later. Pure.
class restart_window {
 public:
  static constexpr std::chrono::milliseconds first_wait{100};
  static constexpr std::chrono::milliseconds longest_wait{10'000};

  restart_window(int intensity, std::chrono::milliseconds period)
      : intensity_(static_cast<std::size_t>(std::max(intensity, 0))), period_(period) {}

  /// How long to wait before the next start, or nothing: it has been started often enough.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next(io::steady_time now) {
    while (!starts_.empty() && starts_.front() + period_ <= now) starts_.pop_front();
    if (starts_.size() >= intensity_) return std::nullopt;
    constexpr std::size_t most_doublings = 10;
    const auto wait = first_wait * (1 << std::min(starts_.size(), most_doublings));
    starts_.push_back(now);
    return std::min<std::chrono::milliseconds>(wait, longest_wait);
  }

 private:
  std::size_t intensity_;
  std::chrono::milliseconds period_;
  std::deque<io::steady_time> starts_;
};

}  // namespace mcp::protocol
