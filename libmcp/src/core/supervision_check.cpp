#include "core/agent_address.hpp"
#include "core/supervision_tree.hpp"
#include "mcp/codec_described.hpp"

#include <algorithm>

// What can be wrong with the supervisors that a program describes.

namespace mcp {

std::string_view name(restart_strategy strategy) noexcept {
  switch (strategy) {
    case restart_strategy::one_for_one:
      return "one_for_one";
    case restart_strategy::one_for_all:
      return "one_for_all";
    case restart_strategy::rest_for_one:
      break;
  }
  return "rest_for_one";
}

}  // namespace mcp

namespace mcp::core {
namespace {

/// Problems in words; some hundreds say as much as ten thousand.
class supervision_checker {
 public:
  explicit supervision_checker(const std::vector<supervision_type>& types) {
    for (const auto& one : types) known_.emplace_back(one.name);
  }

  void look_at(const supervisor& what, std::size_t depth) {
    if (!count()) return;
    const auto who = "supervisor \"" + what.name + "\": ";
    try {
      check_agent_name("a supervisor's name", what.name);
    } catch (const error& wrong) {
      add(wrong.message());
    }
    if (!supervisors_.insert(what.name).second) add(who + "there are two of this name");
    if (depth == max_supervision_depth) {
      return add(who + "more than " + std::to_string(max_supervision_depth) +
                 " supervisors below each other");
    }
    if (what.limit.intensity < 0 || what.limit.intensity > max_restart_intensity) {
      add(who + "intensity must be 0 to " + std::to_string(max_restart_intensity));
    }
    if (what.limit.period.count() <= 0 || what.limit.period > max_restart_period) {
      add(who + "period must be positive, and a year at most");
    }
    if (what.children.empty()) add(who + "it has no children");
    for (const auto& child : what.children) {
      if (const auto* below = child.below()) {
        look_at(*below, depth + 1);
      } else if (count()) {
        look_at(child, who);
      }
    }
  }

  void look_at(const supervision_type& type) {
    if (!type.escalates || types_.contains(type.name)) return;
    add("the agent type \"" + type.name + "\" has on_failure escalate, and no supervisor");
  }

  void report() const {
    if (problems_ == 0) return;
    throw error{errc::invalid_argument, "the supervision is wrong: " + text_};
  }

 private:
  void look_at(const supervised_child& child, const std::string& who) {
    const auto& type = child.type();
    const bool known = std::find(known_.begin(), known_.end(), type) != known_.end();
    if (!types_.insert(type).second)
      add(who + "the type \"" + type + "\" has a supervisor already");
    if (child.comes_later() && known) {
      add(who + "the type \"" + type + "\" is there, and does not come later");
    } else if (!child.comes_later() && !known) {
      add(who + "no agent type \"" + type + "\"" + detail::suggestion(type, known_));
    }
  }

  [[nodiscard]] bool count() {
    if (++children_ == max_supervision_children + 1) {
      add("more than " + std::to_string(max_supervision_children) + " supervisors and types");
    }
    return children_ <= max_supervision_children;
  }

  void add(const std::string& problem) {
    constexpr std::size_t most = 200;
    if (++problems_ > most) return;
    text_ += (problems_ == 1 ? "" : "; ") + (problems_ == most ? "and so on" : problem);
  }

  std::vector<std::string_view> known_;
  std::set<std::string> supervisors_;
  std::set<std::string> types_;
  std::size_t children_ = 0;
  std::size_t problems_ = 0;
  std::string text_;
};

}  // namespace

void check_supervision(const std::vector<supervisor>& trees,
                       const std::vector<supervision_type>& types) {
  supervision_checker checker{types};
  for (const auto& one : trees) checker.look_at(one, 0);
  for (const auto& one : types) checker.look_at(one);
  checker.report();
}

}  // namespace mcp::core
