#pragma once

#include "core/restart_window.hpp"
#include "core/task.hpp"
#include "mcp/agent_supervision.hpp"
#include "mcp/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp::core {

/// Supervisors and types of all trees of a system together, and how deep they are.
inline constexpr std::size_t max_supervision_children = 10'000;
inline constexpr std::size_t max_supervision_depth = 64;
inline constexpr int max_restart_intensity = 1'000;
inline constexpr milliseconds max_restart_period = std::chrono::hours{24 * 365};
/// Teams whose restarts are counted at a time.
inline constexpr std::size_t max_restart_windows = 100'000;
inline constexpr std::size_t max_tree_stops = 100'000;
inline constexpr std::size_t max_stop_reason_bytes = 1'000;

/// An agent type as far as supervisors care.
struct supervision_type {
  std::string name{};
  bool escalates = false;  ///< it needs a supervisor
};
/// Throws `invalid_argument` with all that is wrong with the trees. `types`: those there are.
void check_supervision(const std::vector<supervisor>& trees,
                       const std::vector<supervision_type>& types);

/// What becomes of a failure.
struct supervision_decision {
  enum class verb : std::uint8_t { nothing, restart, stop };
  verb what = verb::nothing;
  std::vector<std::string> types{};    ///< of the key, in the order in which they start
  std::vector<std::string> gave_up{};  ///< supervisors, the nearest first
  bool recorded = true;                ///< false: `max_tree_stops` reached, later agents may wake
  error reason{};                      ///< for the messages that fail or are refused
};

/// A stop as it is stored.
struct stop_record {
  std::uint32_t slot = 0;
  std::string supervisor{};  ///< empty: the slot is free
  std::string key{};         ///< empty: all
  std::string reason{};
};

/// Agents that are to be stopped or revived, and what has to be stored of it.
struct stop_change {
  std::vector<std::string> types{};  ///< in the order in which they start
  std::vector<stop_record> writes{};
  bool changed = false;
};

/// Decides what supervisors do. The unit is a team: one supervisor and one key. Knows no agents:
/// the shell restarts and stops those that there are. Not thread-safe.
///
///   event              when                                  decision
///   -----------------  ------------------------------------  -----------------------------------
///   failed(type, key)  no supervisor has the type            nothing
///                      stopped there or further up           nothing
///                      the team is within its intensity      restart by its strategy what is not
///                                                            stopped; teams below count anew
///                      above it, there is a parent           it gives up and counts anew: the
///                                                            same for the parent, it being the
///                                                            child
///                      above it, at the top                  it gives up: its team is stopped, in
///                                                            this process
///   stop(name, key)    -                                     stop all below; to be stored
///   revive(name, key)  no stop of it or below, of the key    nothing
///                      else                                  these end; revive all below
///   revive(type, key)  given up, and no `stop` holds it      that ends; revive the whole team
///                      else                                  nothing
///
/// Supervisors and types are numbered depth first, so what is below a supervisor is a range of
/// both.
class supervision_tree {
 public:
  /// The trees have been checked.
  explicit supervision_tree(const std::vector<supervisor>& trees);

  [[nodiscard]] bool has(std::string_view type) const { return types_by_name_.contains(type); }
  [[nodiscard]] supervision_decision failed(std::string_view type, const std::string& key,
                                            const error& why, instant now);

  /// Throws `invalid_argument` for an unknown supervisor, `overloaded` at `max_tree_stops`. An
  /// empty key: all.
  [[nodiscard]] stop_change stop(std::string_view name, const std::string& key, std::string reason);
  [[nodiscard]] stop_change revive(std::string_view name, const std::string& key);
  [[nodiscard]] stop_change revive_team(std::string_view type, const std::string& key);
  /// Stops of earlier processes, before all else. Returns the supervisors that are not there.
  [[nodiscard]] std::vector<std::string> restore(const std::vector<stop_record>& stored);

  [[nodiscard]] bool any_stopped() const noexcept { return !stops_.empty(); }
  /// Why agents of this address are stopped by a supervisor; nothing when they are not.
  [[nodiscard]] std::optional<error> stopped(std::string_view type, const std::string& key) const;
  /// `most`: stops in all.
  [[nodiscard]] std::vector<supervisor_status> status(std::size_t most) const;
  /// Teams whose restarts are counted.
  [[nodiscard]] std::size_t counted() const noexcept { return windows_.size(); }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct range {
    std::size_t first = 0;
    std::size_t last = 0;  ///< the one behind it
  };
  struct node {
    supervisor_status told{};  ///< but for its stops
    std::size_t parent = none;
    range types{};
    std::size_t end = 0;  ///< behind the supervisors below
  };
  using team = std::pair<std::size_t, std::string>;  ///< supervisor, key
  struct counted_team {
    restart_window restarts;
    instant over{};  ///< when it is forgotten
  };
  struct stop_entry {
    std::string reason{};
    std::optional<std::uint32_t> slot{};  ///< none: given up
  };

  void add(const supervisor& what, std::size_t parent);
  [[nodiscard]] bool within(std::size_t supervisor, const std::string& key, instant now);
  void forget(const team& which);
  void forget_old(instant now);
  [[nodiscard]] supervision_decision restart(std::size_t by, range child, const std::string& key,
                                             const std::string& cause);
  [[nodiscard]] supervision_decision give_up(std::size_t top, const std::string& key,
                                             std::string cause);
  [[nodiscard]] const stop_entry* find_stop(std::size_t supervisor, const std::string& key) const;
  [[nodiscard]] std::vector<std::string> names_of(range of, const std::string& key) const;
  [[nodiscard]] std::size_t known(std::string_view name) const;
  void end_stop(std::map<team, stop_entry>::iterator which, stop_change& change);
  [[nodiscard]] std::uint32_t take_slot();

  std::vector<node> supervisors_;
  std::vector<std::pair<std::string, std::size_t>> types_;  ///< with their supervisors
  std::map<std::string, std::size_t, std::less<>> types_by_name_;
  std::map<std::string, std::size_t, std::less<>> supervisors_by_name_;
  std::map<team, counted_team> windows_;
  std::set<std::pair<instant, team>> forgotten_next_;
  std::map<team, stop_entry> stops_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_ = 0;  ///< handed out so far
};

}  // namespace mcp::core
