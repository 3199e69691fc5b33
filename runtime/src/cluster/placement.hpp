#pragma once

#include "delivery/instant.hpp"
#include "mcp/error.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mcp::cluster {

/// What a worker can do.
struct member_offer {
  std::set<std::string> plugins{};
  std::map<std::string, std::string> labels{};
  std::size_t slots = 1;  ///< tasks that it works on at once
  bool agents = true;     ///< it handles messages of agents
  /// Of the plugins; those that are not here are unknown.
  std::map<std::string, std::string> versions{};
};

/// What a task needs of the worker that runs it.
struct task_demand {
  std::set<std::string> plugins{};
  std::map<std::string, std::string> labels{};
  bool agents = false;  ///< the task is a message of an agent
  /// What the two limits count the tasks of; those that name it agree on them. Empty: no limits.
  std::string limited{};
  std::size_t replicas = 0;       ///< members that work on it at once; 0: any number
  std::size_t max_in_flight = 0;  ///< tasks of it that a member works on at once; 0: any number
  /// Of the plugins; those that are not here may have any.
  std::map<std::string, std::string> versions{};
  std::chrono::milliseconds patience{0};  ///< while no member could take it; 0: the usual

  friend auto operator<=>(const task_demand&, const task_demand&) = default;
  [[nodiscard]] bool fits(const member_offer& offer) const;
  /// What it offers: "the plugin \"paint\" and the label zone=eu", or "a place for tasks".
  [[nodiscard]] std::string text() const;
};

struct placement_limits {
  std::size_t members = 1'000;
  std::size_t moves = 3;                           ///< how many workers a task may lose
  std::chrono::milliseconds patience{86'400'000};  ///< of a task that no member could take
};

/// Decides which worker runs which task. Tasks of equal demands are placed in the order in which
/// they came; one whose worker is lost goes in front. docs/cluster.md tells the rules. Decides
/// only: messages and time are its owner's. Not thread-safe.
class placement {
 public:
  using task_id = std::uint64_t;
  using member_id = std::uint64_t;

  struct place {
    task_id task = 0;
    member_id member = 0;
  };
  /// The task ends with an error.
  struct refuse {
    task_id task = 0;
    error reason{};
  };
  using action = std::variant<place, refuse>;

  explicit placement(placement_limits limits = {}) : limits_(limits) {}

  /// Throws `overloaded` when there are as many members as may be, `invalid_argument` for one that
  /// is there.
  void join(member_id member, std::string name, member_offer offer, instant now);
  /// The member is gone: what it worked on is placed again, or refused when it lost too many.
  void leave(member_id member, instant now);
  /// It gets no more tasks.
  void drain(member_id member, instant now);

  /// A new task; its id is larger than all before. It goes to `rather` if that one fits and is
  /// free.
  void submit(task_id task, task_demand demand, instant now, member_id rather = 0);
  /// The task has ended at its member, or nobody wants it any more. Unknown ones are passed over.
  void finish(task_id task);
  /// Refuses those that waited too long for a member that could take them.
  void tick(instant now);
  /// When to call `tick`.
  [[nodiscard]] std::optional<instant> wake() const;

  /// What to do since the last call, in this order.
  [[nodiscard]] std::vector<action> take_actions() { return std::exchange(actions_, {}); }

  struct member_view {
    std::string name{};
    member_offer offer{};
    std::set<task_id> tasks{};  ///< that it works on
    bool draining = false;
    std::uint64_t last_placed = 0;  ///< the larger, the later it got a task
  };
  [[nodiscard]] const std::map<member_id, member_view>& members() const noexcept {
    return members_;
  }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_count_; }
  /// The newest version of a plugin among the members that could take such a task; empty: they do
  /// not say. Nothing: there is no such member.
  [[nodiscard]] std::optional<std::string> newest_version(const std::string& plugin,
                                                          const task_demand& demand) const;
  /// Tasks that wait with the same demand, which no member here meets.
  struct want {
    std::string needs{};
    std::size_t tasks = 0;
    instant since{0};  ///< that nobody could take them
  };
  [[nodiscard]] std::vector<want> wants() const;
  /// What a task needs that no member has; empty: it is at work, or waits for a slot.
  [[nodiscard]] std::string want_of(task_id task) const;
  /// For people: "\"w1\" and \"w2\" (draining)", or "none".
  [[nodiscard]] std::string who_is_here() const;
  /// Where a task is; 0: nowhere.
  [[nodiscard]] member_id member_of(task_id task) const;

 private:
  struct task_state {
    task_demand demand{};
    member_id member = 0;  ///< 0: it waits
    std::size_t moves = 0;
    instant came{0};  ///< among those that wait
  };
  /// Those that wait with the same demand, in the order of their ids.
  struct queue {
    std::set<task_id> tasks{};
    std::optional<instant> hopeless{};  ///< since when no member could take them
  };

  [[nodiscard]] member_id best_member(const task_demand& demand) const;
  /// Whether the demand's limits let the member have one more of its tasks.
  [[nodiscard]] bool admits(const task_demand& demand, member_id member) const;
  [[nodiscard]] bool has_hope(const task_demand& demand) const;
  void put(task_id task, task_state& state, member_id member);
  void wait(task_id task, task_state& state, instant now);
  void leave_queue(task_id task, const task_demand& demand);
  void fill(member_id member);
  /// The task no longer counts for its member.
  void uncount(const task_demand& demand, member_id member);
  /// Places what its limits kept waiting.
  void fill_limited(const std::string& limited);
  void judge_hopes(instant now);
  void reject(task_id task, errc code, std::string why);
  [[nodiscard]] std::optional<instant> end_of_patience(const queue& tasks) const;

  placement_limits limits_;
  std::map<member_id, member_view> members_;
  std::map<task_id, task_state> tasks_;
  std::map<task_demand, queue> waiting_;
  std::size_t waiting_count_ = 0;
  /// Tasks that members work on, by what their limits count.
  std::map<std::string, std::map<member_id, std::size_t>> limited_;
  std::uint64_t placements_ = 0;
  std::vector<action> actions_;
};

}  // namespace mcp::cluster
