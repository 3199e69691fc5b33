#include "cluster_file/read_parts.hpp"

namespace mcp::cluster {
namespace {

tool_call read_call(const yaml_node& node, const reading& with) {
  map_reader keys{node, "a call of a tool", with.problems};
  tool_call call;
  call.name = keys.text_or("name", {});
  call.id = keys.text_or("id", {});
  const auto arguments = keys.value("arguments");
  call.arguments = arguments.is_null() ? "{}" : arguments.dump();
  if (call.name.empty()) {
    with.problems.error(node.at, "a call of a tool has no `name`", "name the tool");
  }
  return call;
}

void read_answer(map_reader& keys, const reading& with, answer_description& to) {
  if (const auto* text = keys.any("text")) to.text = with.words(*text);
  if (const auto* calls = keys.list("tool_calls")) {
    for (const auto& call : calls->items) to.tool_calls.push_back(read_call(call, with));
  }
  if (const auto delay = keys.duration("delay")) to.delay = *delay;
}

rule_description read_rule(const yaml_node& node, const reading& with) {
  map_reader keys{node, "a rule", with.problems};
  rule_description rule;
  rule.role = keys.text_or("role", {});
  rule.equals = keys.text_or("equals", {});
  rule.contains = keys.text_or("contains", {});
  const bool one = keys.has("text") || keys.has("tool_calls");
  answer_description answer;
  read_answer(keys, with, answer);
  if (one) rule.answers.push_back(std::move(answer));
  if (const auto* several = keys.list("answers")) {
    for (const auto& item : several->items) {
      map_reader inner{item, "an answer", with.problems};
      read_answer(inner, with, rule.answers.emplace_back());
    }
  }
  if (const auto* lua = keys.any("lua")) rule.lua = with.script(*lua);
  if (static_cast<int>(one) + static_cast<int>(keys.has("answers")) +
          static_cast<int>(keys.has("lua")) !=
      1) {
    with.problems.error(node.at, "a rule says in no way or in several ways what is answered",
                        "write `text` with or without `tool_calls`, or `answers`, or `lua`");
  }
  return rule;
}

}  // namespace

std::vector<rule_description> read_rules(const yaml_node& node, const reading& with) {
  std::vector<rule_description> result;
  for (const auto& item : node.items) result.push_back(read_rule(item, with));
  return result;
}

}  // namespace mcp::cluster
