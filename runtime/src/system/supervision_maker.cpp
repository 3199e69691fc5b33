#include "system/supervision_maker.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mcp::cluster {
namespace {

/// That of an agent system.
constexpr std::size_t max_supervision_depth = 64;

class supervision_maker {
 public:
  supervision_maker(const cluster_description& file, const std::vector<agent_spec>& types,
                    const plugin_set& plugins, problem_list& problems)
      : file_(file), plugins_(plugins), problems_(problems) {
    for (const auto& one : file.supervision) supervisors_.emplace(one.name, &one);
    for (const auto& one : types) types_.insert(one.type);
  }

  std::vector<supervisor> make() {
    for (const auto& one : file_.supervision) {
      for (const auto& child : one.children) look_at(one, child);
    }
    std::vector<supervisor> trees;
    for (const auto& one : file_.supervision) {
      if (!parents_.contains(one.name)) trees.push_back(tree_of(one, 0));
    }
    for (const auto& one : file_.supervision) {
      if (made_.contains(one.name)) continue;
      problems_.error(one.at, "the supervisor \"" + one.name + "\" is a child of its own children",
                      "take it from one list of `children`");
    }
    return trees;
  }

  [[nodiscard]] bool has_parent(const std::string& name) const { return parents_.contains(name); }

 private:
  void look_at(const supervisor_description& parent, const placed_name& child) {
    const auto& name = child.name;
    if (plugins_.is_on_workers(name) && !types_.contains(name)) return;  // there are no workers
    if (!supervisors_.contains(name) && !types_.contains(name)) {
      if (!plugin_label(name).empty()) return plugins_.report_unknown("agent", child, problems_);
      std::vector<std::string> known{types_.begin(), types_.end()};
      for (const auto& [one, what] : supervisors_) known.push_back(one);
      problems_.error(
          child.at,
          "there is no supervisor and no agent type \"" + name + "\"" + nearest(name, known),
          "write the name of a supervisor, or LABEL.NAME of an agent type");
    } else if (const auto added = parents_.emplace(name, parent.name); !added.second) {
      problems_.error(
          child.at,
          "\"" + name + "\" is a child of the supervisor \"" + added.first->second + "\" already",
          "name it once");
    }
  }

  supervisor tree_of(const supervisor_description& what, std::size_t depth) {
    supervisor result{what.name, what.strategy, what.limit, {}};
    made_.insert(what.name);
    if (depth == max_supervision_depth) {
      problems_.error(what.at, "there are more than " + std::to_string(max_supervision_depth) +
                                   " supervisors below each other");
      return result;
    }
    for (const auto& child : what.children) {
      const auto below = supervisors_.find(child.name);
      if (below == supervisors_.end() && types_.contains(child.name)) {
        result.children.emplace_back(child.name);
      } else if (below != supervisors_.end() && !made_.contains(child.name)) {
        result.children.emplace_back(tree_of(*below->second, depth + 1));
      }
    }
    return result;
  }

  const cluster_description& file_;
  const plugin_set& plugins_;
  problem_list& problems_;
  std::map<std::string, const supervisor_description*> supervisors_;
  std::set<std::string> types_;
  std::map<std::string, std::string> parents_;
  std::set<std::string> made_;
};

}  // namespace

std::vector<supervisor> make_supervision(const cluster_description& file,
                                         const std::vector<agent_spec>& types,
                                         const plugin_set& plugins, problem_list& problems) {
  supervision_maker maker{file, types, plugins, problems};
  auto trees = maker.make();
  for (const auto& one : types) {
    if (one.options.on_failure != agent_on_failure::escalate || maker.has_parent(one.type))
      continue;
    problems.error(
        {}, "the agent type \"" + one.type + "\" leaves its failures to a supervisor, and has none",
        "name it among the `children` of one under `supervision`");
  }
  return trees;
}

}  // namespace mcp::cluster
