#pragma once

#include <chrono>
#include <optional>

namespace mcp::store {

/// When a server may take others for dead. Pure: times come from the caller's steady clock.
///
/// While a database is away nobody can renew a lease. So only who has renewed its own for a whole
/// lease without a failure judges others by theirs: they had the same chance.
class lease_rules {
 public:
  using instant = std::chrono::milliseconds;

  explicit lease_rules(std::chrono::milliseconds lease) : lease_(lease) {}

  [[nodiscard]] std::chrono::milliseconds renew_every() const noexcept { return lease_ / 6; }
  void renewed(instant now) noexcept {
    if (!steady_since_ || now - last_ > lease_) steady_since_ = now;
    last_ = now;
  }
  void failed() noexcept { steady_since_.reset(); }
  [[nodiscard]] bool may_judge(instant now) const noexcept {
    return steady_since_ && now - *steady_since_ >= lease_;
  }

 private:
  std::chrono::milliseconds lease_;
  std::optional<instant> steady_since_{};
  instant last_{0};
};

}  // namespace mcp::store
