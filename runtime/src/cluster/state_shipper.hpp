#pragma once

#include "cluster/messages.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mcp::cluster {

/// The fields of a state, each as CBOR.
using state_fields = std::vector<std::shared_ptr<const std::string>>;

/// The server's side of states that travel once: what each member has, what it has to be told
/// before a task, and what it may forget. A state of a run that a member has seen before travels as
/// the fields that changed. Not thread-safe.
class state_shipper {
 public:
  using number = std::uint64_t;
  using member_id = std::uint64_t;

  /// `runs`: of how many the last states are kept, for what changes; the oldest go.
  explicit state_shipper(std::size_t runs = 1'000) : runs_(runs) {}

  /// A task uses the state that is `object`, of the run `run`. Whoever uses it keeps the object as
  /// it is. `encode` is called for one that is new.
  [[nodiscard]] number use(const void* object, const std::string& run,
                           const std::function<state_fields()>& encode);
  /// The task has ended.
  void release(number state);
  /// What the member has to be told before a task with this state; nothing: it knows it.
  [[nodiscard]] std::optional<state_message> before_task(member_id member, number state);
  /// The member is gone, with all it knew.
  void leave(member_id member);
  /// What members may forget, since the last call.
  [[nodiscard]] std::vector<std::pair<member_id, number>> take_forgotten() {
    return std::exchange(forgotten_, {});
  }
  [[nodiscard]] std::size_t kept() const noexcept { return states_.size(); }

 private:
  struct kept_state {
    const void* object = nullptr;
    std::string run{};
    state_fields fields{};
    std::size_t uses = 0;
    number base = 0;  ///< the run's state before it
    std::set<member_id> at{};
  };

  void replace_newest(const std::string& run, number fresh);
  void drop_unused(number state);
  void forget_oldest_run();

  std::size_t runs_;
  number last_ = 0;
  std::map<number, kept_state> states_;
  std::map<const void*, number> by_object_;  ///< of those in use
  std::map<std::string, number> newest_;     ///< by run
  std::deque<std::string> order_;            ///< of runs, as they came
  std::vector<std::pair<member_id, number>> forgotten_;
};

/// The worker's side. Not thread-safe.
class state_shelf {
 public:
  /// Throws `malformed_answer` when it stands on a state that is not there, or is there already.
  void put(const state_message& message);
  void forget(std::uint64_t state) { states_.erase(state); }
  void clear() { states_.clear(); }
  /// Throws `malformed_answer` when it is not there.
  [[nodiscard]] const state_fields& at(std::uint64_t state) const;

 private:
  std::map<std::uint64_t, state_fields> states_;
};

}  // namespace mcp::cluster
