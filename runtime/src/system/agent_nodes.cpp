#include "mcp/agent_node.hpp"
#include "system/node_factory.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// Whom a node asks, and what.
struct question {
  std::string address{};
  agent_message message{};
};

question question_of(const agent_node_description& what, const node_surroundings& around,
                     const json_state& state) {
  sandbox box{around.limits};
  box.set_state("state", state);
  auto content = json::object();
  for (const auto& [name, script] : what.content) content[name] = box.call(script);
  return {what.agent.name + "/" + what.key.render(box),
          {.name = what.message.name, .content = nullptr, .cbor = to_cbor(content)}};
}

}  // namespace

node_spec make_agent_node(const agent_node_description& what, std::shared_ptr<agent_host> agents,
                          const node_surroundings& around) {
  const auto apply = [type = around.type, into = what.into](const agent_outcome& outcome) {
    auto reply = json::parse(cbor_to_json(outcome.cbor()));  // throws the agent's error
    update<json_state> change{type};
    if (into) change.set(into->name, std::move(reply));
    return change;
  };
  const auto ask = [what, agents = std::move(agents), around, apply](
                       const json_state& state, context& ctx, reply<json_state> to) {
    const auto asked = question_of(what, around, state);
    const auto node = agent_node<json_state>(
        *agents->system, [&](const json_state&) { return asked.address; },
        [&](const json_state&) { return asked.message; }, apply, what.answer_within);
    node(state, ctx, std::move(to));
  };
  return detail::make_node<json_state>({}, ask, {});
}

}  // namespace mcp::cluster
