#pragma once

#include "io/event_loop.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace mcp::protocol {

/// Lines that a server wants shown, as many as may be. Told the time; used by one thread at a time.
class log_valve {
 public:
  static constexpr int lines_per_second = 100;  ///< more are dropped, and counted in the log

  explicit log_valve(std::function<void(std::string_view)> out) : out_(std::move(out)) {}

  void line(std::string_view text, io::steady_time now) {
    if (!begun_ || now - begin_ >= std::chrono::seconds{1}) {
      if (dropped_ > 0 && out_) out_("(" + std::to_string(dropped_) + " lines left out)");
      begun_ = true;
      begin_ = now;
      shown_ = 0;
      dropped_ = 0;
    }
    if (shown_ >= lines_per_second) {
      ++dropped_;
    } else {
      ++shown_;
      if (out_) out_(text);
    }
  }

 private:
  std::function<void(std::string_view)> out_;
  bool begun_ = false;
  io::steady_time begin_{};
  int shown_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace mcp::protocol
