#pragma once

#include "io/event_loop.hpp"

#include <algorithm>
#include <chrono>

namespace mcp::protocol {

/// So many at once, and so many a second in the long run: a token bucket. Pure.
class allowance {
 public:
  constexpr allowance(int burst, int per_second)
      : burst_(burst), per_second_(per_second), left_(burst) {}

  /// False: it is used up for now.
  [[nodiscard]] bool take(io::steady_time now) {
    if (last_ != io::steady_time{}) {
      const std::chrono::duration<double> passed = now - last_;
      left_ = std::min(burst_, left_ + passed.count() * per_second_);
    }
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double burst_;
  double per_second_;
  double left_;
  io::steady_time last_{};
};

}  // namespace mcp::protocol
