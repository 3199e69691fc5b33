#pragma once

#include <chrono>
#include <optional>

namespace mcp::store {

/// When a server may take others for dead. Pure: times come from the caller's steady clock.
///
/// While a database is away, or stands still, nobody can renew a lease. So only who has renewed its
/// own for a whole lease, without a failure and without a long gap, judges others by theirs: they
/// had the same chance.
class lease_rules {
 public:
  using instant = std::chrono::milliseconds;

  explicit lease_rules(std::chrono::milliseconds lease) : lease_(lease) {}

  [[nodiscard]] std::chrono::milliseconds renew_every() const noexcept { return lease_ / 6; }
  /// The answer to a renewal has come.
  void renewed(instant now) noexcept {
    if (!steady_since_ || now - last_ > longest_gap()) steady_since_ = now;
    last_ = now;
  }
  void failed() noexcept { steady_since_.reset(); }
  /// To be asked when the answer is there that others' leases are over: it may have taken long.
  [[nodiscard]] bool may_judge(instant now) const noexcept {
    return steady_since_ && now - *steady_since_ >= lease_ && now - last_ <= longest_gap();
  }

 private:
  /// In a shorter one nobody's lease runs out who renews it as often as one should.
  [[nodiscard]] std::chrono::milliseconds longest_gap() const noexcept { return lease_ / 2; }

  std::chrono::milliseconds lease_;
  std::optional<instant> steady_since_{};
  instant last_{0};
};

}  // namespace mcp::store
