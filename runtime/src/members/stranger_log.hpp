#pragma once

#include "delivery/instant.hpp"

#include <cstddef>
#include <string>

#include <spdlog/spdlog.h>

namespace mcp::cluster {

/// Warnings about connections of strangers, of whom there may be any number: so many lines in a
/// while, and then how many more there were. For one thread.
class stranger_log {
 public:
  static constexpr std::size_t most_lines = 20;
  static constexpr std::chrono::seconds while_length{10};

  void tell(const std::string& line, instant now) {
    tick(now);
    if (told_ == 0) begin_ = now;
    if (++told_ <= most_lines) spdlog::warn("cluster: {}", line);
  }
  /// To be called now and then.
  void tick(instant now) {
    if (told_ == 0 || now - begin_ < while_length) return;
    if (told_ > most_lines) {
      spdlog::warn("cluster: {} more connections of strangers were closed", told_ - most_lines);
    }
    told_ = 0;
  }

 private:
  std::size_t told_ = 0;  ///< since `begin_`
  instant begin_{0};
};

}  // namespace mcp::cluster
