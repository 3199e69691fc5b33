#pragma once

#include "cluster/placement.hpp"
#include "delivery/instant.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mcp::cluster {

struct membership_limits {
  std::size_t members = 1'000;
  std::size_t given_up = 10'000;        ///< incarnations that are remembered as gone
  std::chrono::milliseconds grace{50};  ///< for a member to come back
};

/// Decides who is a member of the cluster: by name there is one, the newest incarnation that has
/// said hello; who stays away longer than the grace is given up, and its incarnation does not come
/// back. Decides only: connections and time are its owner's. Not thread-safe.
class membership {
 public:
  using member_id = placement::member_id;

  struct admission {
    member_id member = 0;
    bool fresh = false;      ///< it was not one before
    member_id replaced = 0;  ///< an earlier incarnation, to be removed first; 0: none
  };

  explicit membership(membership_limits limits = {}) : limits_(limits) {}

  /// A member says hello, on a new connection. Nothing: a later incarnation is known, or this one
  /// was given up. Throws `overloaded` when there are as many as may be, `invalid_argument` for a
  /// name whose earlier incarnation is connected.
  [[nodiscard]] std::optional<admission> admit(const std::string& name, std::uint64_t incarnation);
  void connected(member_id member, std::string address);
  void disconnected(member_id member, instant now);
  /// It is gone, and so is its incarnation.
  void remove(member_id member);
  /// Those that did not come back within the grace.
  [[nodiscard]] std::vector<member_id> lost(instant now) const;

  /// 0: there is none of this name.
  [[nodiscard]] member_id find(const std::string& name) const;
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

 private:
  struct member {
    std::string name{};
    std::uint64_t incarnation = 0;
    std::string address{};           ///< while it is connected
    std::optional<instant> since{};  ///< when it was disconnected
  };

  membership_limits limits_;
  std::map<member_id, member> members_;
  std::map<std::string, member_id> by_name_;
  std::map<std::string, std::uint64_t> given_up_;  ///< incarnations, by name
  member_id last_ = 0;
};

}  // namespace mcp::cluster
