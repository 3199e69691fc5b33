#pragma once

#include "mcp/export.hpp"
#include "mcp/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Trees of supervisors over agent types; docs/agents-as-actors.md, "Supervision".
namespace mcp {

/// Which of its children a supervisor restarts when one of them fails.
enum class restart_strategy : std::uint8_t {
  one_for_one,   ///< that one
  one_for_all,   ///< all
  rest_for_one,  ///< that one, and those listed after it
};
[[nodiscard]] MCP_EXPORT std::string_view name(restart_strategy strategy) noexcept;

/// More restarts of a team than `intensity` within `period`: the supervisor gives up.
struct restart_limit {
  int intensity = 3;           ///< 0 to 1,000
  milliseconds period{5'000};  ///< positive
};

class supervised_child;

/// Restarts its children, of the key of the one that failed:
///     mcp::supervisor("orders", mcp::restart_strategy::rest_for_one,
///                     {.intensity = 3, .period = 5s}, {"cart", "bill", mcp::supervisor(...)})
/// A value; checked when an agent system is made of it.
struct supervisor {
  /// `name`: unlike all others of the system; 1 to 256 bytes without '/'.
  supervisor(std::string name, restart_strategy strategy, restart_limit limit,
             std::vector<supervised_child> children);

  std::string name;
  restart_strategy strategy;
  restart_limit limit;
  std::vector<supervised_child> children;  ///< in the order in which they start
};

/// An agent type, or a supervisor.
class supervised_child {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a list of children is a list of names
  supervised_child(const char* type) : type_(type) {}
  supervised_child(std::string type) : type_(std::move(type)) {}
  supervised_child(supervisor below)
      : below_(std::make_shared<const supervisor>(std::move(below))) {}
  // NOLINTEND(google-explicit-constructor)
  /// A type that the system does not have yet: `agent_system::add` brings it.
  [[nodiscard]] static supervised_child later(std::string type) {
    supervised_child made{std::move(type)};
    made.later_ = true;
    return made;
  }

  /// Empty for a supervisor.
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  /// Null for a type.
  [[nodiscard]] const supervisor* below() const noexcept { return below_.get(); }
  [[nodiscard]] bool comes_later() const noexcept { return later_; }

 private:
  std::string type_;
  std::shared_ptr<const supervisor> below_;
  bool later_ = false;
};

inline supervisor::supervisor(std::string called, restart_strategy how, restart_limit at_most,
                              std::vector<supervised_child> what)
    : name(std::move(called)), strategy(how), limit(at_most), children(std::move(what)) {}

/// What is stopped below a supervisor.
struct stopped_team {
  std::string key{};  ///< empty: all keys
  std::string reason{};
  bool given_up = false;  ///< after failures, in this process; else by `agent_system::stop_tree`
};

/// A supervisor as it is now.
struct supervisor_status {
  std::string name{};
  std::string parent{};  ///< empty: none
  restart_strategy strategy = restart_strategy::one_for_one;
  restart_limit limit{};
  std::vector<std::string> children{};  ///< names of types and supervisors, in their order
  std::uint64_t restarts = 0;           ///< that it ordered, of all keys, since the system was made
  std::uint64_t gave_up = 0;            ///< times
  std::size_t stopped = 0;              ///< how many stops there are
  std::vector<stopped_team> stops{};    ///< by key; not all of them when there are very many
};

}  // namespace mcp
