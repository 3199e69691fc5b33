#include "cluster_file/read_parts.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t max_supervisors = 1000;
constexpr std::int64_t max_intensity = 1000;
constexpr milliseconds max_period = std::chrono::hours{24 * 365};

supervisor_description read_supervisor(const yaml_node::entry& entry, const reading& with) {
  map_reader keys{entry.value, "the supervisor \"" + entry.key + "\"", with.problems};
  supervisor_description result;
  result.name = entry.key;
  result.at = entry.at;
  // In the order of the enumeration.
  if (const auto which = keys.word("strategy", {"one_for_one", "one_for_all", "rest_for_one"})) {
    result.strategy = static_cast<restart_strategy>(*which);
  }
  if (const auto intensity = keys.integer("intensity", 0, max_intensity)) {
    result.limit.intensity = static_cast<int>(*intensity);
  }
  if (const auto period = keys.duration("period")) {
    if (period->count() <= 0 || *period > max_period) {
      keys.wrong("period", "is not positive, or more than a year", "write a duration such as 5s");
    } else {
      result.limit.period = *period;
    }
  }
  result.children = keys.names("children");
  if (result.children.empty()) {
    with.problems.error(entry.at, "the supervisor \"" + entry.key + "\" has no `children`",
                        "list the agent types and supervisors that it restarts");
  }
  return result;
}

}  // namespace

std::vector<supervisor_description> read_supervision(const yaml_node& node, const reading& with) {
  std::vector<supervisor_description> result;
  for (const auto& entry : node.entries) {
    if (result.size() == max_supervisors) {
      with.problems.error(entry.at,
                          "a file has at most " + std::to_string(max_supervisors) + " supervisors");
      break;
    }
    if (!check_name(entry.key, entry.at, "a supervisor", with.problems)) continue;
    result.push_back(read_supervisor(entry, with));
  }
  return result;
}

}  // namespace mcp::cluster
