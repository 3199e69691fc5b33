#include "system/node_factory.hpp"
#include "system/notes.hpp"

#include <optional>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

/// Name of the entry of a result that says where to go.
constexpr const char* go_to_key = "go_to";

node_result result_of(json result, const node_surroundings& around) {
  if (result.is_null()) return {};
  if (result.is_array() && result.empty()) return {};
  if (!result.is_object()) {
    throw error{errc::script_failed, "the node returned " + shown(result).substr(0, 100) +
                                         "; return nothing, or a table of the fields to write"};
  }
  node_result made;
  if (const auto where = result.find(go_to_key); where != result.end()) {
    made.go_to = std::move(routes_of(*where, *around.inputs)).take();
    result.erase(where);
  }
  update<json_state> change{around.type};
  for (auto& [field, content] : result.items()) change.set(field, std::move(content));
  made.writes = std::move(change).take();
  return made;
}

}  // namespace

std::uint16_t field_index(const state_type& type, const std::string& field) {
  const int index = type.find(field);
  if (index >= 0) return static_cast<std::uint16_t>(index);
  throw error{errc::invalid_argument, "the state has no field \"" + field + "\""};
}

node_spec make_lua_node(const lua_node_description& what, const node_surroundings& around) {
  node_spec spec;
  spec.kind = what.script.uses_memory() ? node_kind::blocking : node_kind::plain;
  if (what.from_send) spec.input = &value_type_of<json>;
  spec.run = [script = what.script, from_send = what.from_send, around](const node_input& in,
                                                                        context& ctx) {
    sandbox box{around.limits};
    if (in.state) box.set_state("state", in.state.as<json_state>());
    if (from_send && in.input.has_value()) box.set("input", in.input.as<json>());
    box.set("attempt", ctx.attempt());
    script_memory memory{nullptr, around.memory, {}, 0};
    std::optional<script_store> store;
    if (script.uses_memory()) {
      store.emplace(around.notes, ctx,
                    [&ctx](std::function<void()> stop) { ctx.on_cancel(std::move(stop)); });
      memory.store = store->get();
      memory.task = ctx.task_id();
      box.set_memory(memory);
    }
    if (const auto* failure = ctx.failure()) box.set("failure", failure->message());
    return result_of(box.call(script), around);
  };
  return spec;
}

}  // namespace mcp::cluster
