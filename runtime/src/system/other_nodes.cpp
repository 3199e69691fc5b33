#include "system/node_factory.hpp"

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

struct field_pair {
  std::uint16_t from = 0;
  std::string to;
};

std::vector<field_pair> pairs_of(
    const std::optional<std::vector<std::pair<placed_name, placed_name>>>& names,
    const state_type& source, bool source_is_child) {
  std::vector<field_pair> result;
  if (!names) return result;
  for (const auto& [child, parent] : *names) {
    const auto& from = source_is_child ? child.name : parent.name;
    const auto& to = source_is_child ? parent.name : child.name;
    result.push_back({field_index(source, from), to});
  }
  return result;
}

/// A field's content as JSON, whatever it is kept as.
json content_of(const json_state& state, std::uint16_t field) {
  return state.get(state.type()->at(field).name());
}

}  // namespace

node_spec make_ask_node(const ask_node_description& what, std::string schema, bool speaks,
                        const node_surroundings& around) {
  node_spec spec;
  spec.kind = node_kind::plain;
  spec.run = [question = what.question, into = what.into ? what.into->name : std::string{},
              schema = std::move(schema), speaks, around](const node_input& in, context& ctx) {
    sandbox box{around.limits};
    box.set_state("state", in.state.as<json_state>());
    auto said = ctx.ask_with<json>(question.render(box), schema);
    if (speaks) said = json{{"role", "user"}, {"content", shown(said)}};
    update<json_state> change{around.type};
    if (!into.empty()) change.set(into, speaks ? json::array({std::move(said)}) : std::move(said));
    return node_result{.writes = std::move(change).take()};
  };
  return spec;
}

node_spec make_mapped_graph_node(const graph_node_description& what,
                                 std::shared_ptr<const graph_plan> plan,
                                 std::shared_ptr<const state_type> child,
                                 const node_surroundings& around) {
  node_spec spec;
  spec.kind = node_kind::subgraph;
  spec.input = &value_type_of<json>;
  spec.subgraph.plan = std::move(plan);
  spec.subgraph.enter = [child,
                         pairs = pairs_of(what.in, *around.type, false)](const node_input& in) {
    if (in.input.has_value()) return child->input_writes(in.input);
    update<json_state> change{child};
    for (const auto& [from, to] : pairs) {
      change.overwrite(to, content_of(in.state.as<json_state>(), from));
    }
    return std::move(change).take();
  };
  spec.subgraph.leave = [parent = around.type, pairs = pairs_of(what.out, *child, true)](
                            const void*, const void* after) {
    update<json_state> change{parent};
    for (const auto& [from, to] : pairs) {
      change.set(to, content_of(*static_cast<const json_state*>(after), from));
    }
    return node_result{.writes = std::move(change).take()};
  };
  return spec;
}

}  // namespace mcp::cluster
