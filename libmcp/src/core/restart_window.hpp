#pragma once

#include "core/task.hpp"

#include <cstddef>
#include <deque>

namespace mcp::core {

/// Restart intensity: whether one more restart within `period` is within `intensity`.
class restart_window {
 public:
  restart_window(int intensity, instant period) : intensity_(intensity), period_(period) {}

  /// Counts a restart at `now`; false when there have been too many.
  [[nodiscard]] bool allow(instant now) {
    while (!times_.empty() && now - times_.front() > period_) times_.pop_front();
    times_.push_back(now);
    ++total_;
    return times_.size() <= static_cast<std::size_t>(intensity_);
  }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  int intensity_;
  instant period_;
  std::deque<instant> times_;  ///< at most intensity + 1
  std::size_t total_ = 0;
};

}  // namespace mcp::core
