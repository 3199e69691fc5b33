#include "cluster_file/read_parts.hpp"

namespace mcp::cluster {
namespace {

constexpr std::size_t most_agent_types = 1'000;
constexpr std::int64_t most_mailbox = 1'000'000;
constexpr std::int64_t most_intensity = 1'000'000;
constexpr std::int64_t most_of_placement = 10'000;

agent_type_description read_agent_type(const yaml_node::entry& entry, const reading& with) {
  agent_type_description result;
  result.type = {entry.key, entry.at};
  map_reader keys{entry.value, "the agent \"" + entry.key + "\"", with.problems};
  result.placement = read_placement(keys);
  if (const auto most = keys.integer("mailbox", 1, most_mailbox)) {
    result.mailbox = static_cast<std::size_t>(*most);
  }
  if (const auto index = keys.word("overflow", {"reject", "drop_oldest"})) {
    result.overflow = static_cast<agent_overflow>(*index);
  }
  result.idle = keys.duration("idle");
  if (const auto index = keys.word("saving", {"write_behind", "sync"})) {
    result.saving = static_cast<agent_saving>(*index);
  }
  if (const auto index = keys.word("on_failure", {"keep", "reset", "stop", "escalate"})) {
    result.on_failure = static_cast<agent_on_failure>(*index);
  }
  if (const auto most = keys.integer("intensity", 0, most_intensity)) {
    result.intensity = static_cast<int>(*most);
  }
  result.period = keys.duration("period");
  if (result.period && result.period->count() == 0) keys.wrong("period", "is 0", "leave it out");
  return result;
}

}  // namespace

std::optional<placement_description> read_placement(map_reader& keys) {
  const auto* node = keys.any("placement");
  if (node == nullptr) return std::nullopt;
  placement_description placement{.at = node->at};
  if (node->is(yaml_node::kind::scalar)) {
    static_cast<void>(keys.word("placement", {"workers"}));
    return placement;
  }
  if (!node->is(yaml_node::kind::map)) {
    keys.wrong("placement", "is " + std::string{name(node->what)},
               "write `workers`, or what the worker must have: `labels`, `replicas`, "
               "`max_in_flight`, `wait`");
    return placement;
  }
  map_reader inner{*node, "`placement`", keys.problems()};
  const auto count = [&](const char* key) {
    return static_cast<std::size_t>(inner.integer(key, 1, most_of_placement).value_or(0));
  };
  placement.replicas = count("replicas");
  placement.max_in_flight = count("max_in_flight");
  if (const auto wait = inner.duration("wait")) {
    placement.wait = *wait;
    if (wait->count() <= 0) inner.wrong("wait", "is no time to wait", "write a time, such as 10m");
  }
  const auto* labels = inner.map("labels");
  if (labels == nullptr) return placement;
  for (const auto& entry : labels->entries) {
    if (entry.value.is(yaml_node::kind::scalar)) {
      placement.labels[entry.key] = entry.value.text;
    } else {
      inner.wrong("labels", "gives \"" + entry.key + "\" " + std::string{name(entry.value.what)},
                  "write NAME: TEXT");
    }
  }
  return placement;
}

std::vector<agent_type_description> read_agents(const yaml_node& node, const reading& with) {
  std::vector<agent_type_description> result;
  for (const auto& entry : node.entries) {
    if (result.size() == most_agent_types) {
      with.problems.error(
          entry.at, "a file has at most " + std::to_string(most_agent_types) + " types of agents");
      break;
    }
    result.push_back(read_agent_type(entry, with));
  }
  return result;
}

agent_options agent_type_description::applied_to(agent_options options) const {
  options.mailbox = mailbox.value_or(options.mailbox);
  options.overflow = overflow.value_or(options.overflow);
  options.idle = idle.value_or(options.idle);
  options.saving = saving.value_or(options.saving);
  options.on_failure = on_failure.value_or(options.on_failure);
  options.intensity = intensity.value_or(options.intensity);
  options.period = period.value_or(options.period);
  return options;
}

}  // namespace mcp::cluster
