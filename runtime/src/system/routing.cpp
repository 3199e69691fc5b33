#include "system/routing.hpp"

#include "mcp/agents/tool_node.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

[[noreturn]] void refuse(const json& what) {
  constexpr std::size_t longest = 100;
  throw error{errc::script_failed,
              "a script that decides where to go returned " + shown(what).substr(0, longest) +
                  (what.is_null() ? "nothing" : "") +
                  "; return the name of a node, END, {send = NAME, input = VALUE}, or a list of "
                  "these"};
}

tool_call to_call(const json& input) {
  tool_call call;
  if (!input.is_object()) refuse(input);
  call.id = shown(input.value("id", json{}));
  call.name = shown(input.value("name", json{}));
  call.arguments = shown(input.value("arguments", json::object()));
  return call;
}

routes::target target_of(const json& one, const send_inputs& inputs) {
  if (one.is_string()) {
    const auto& name = one.get_ref<const std::string&>();
    return name == "END" ? std::string{mcp::end} : name;
  }
  if (!one.is_object() || !one.contains("send") || !one["send"].is_string()) refuse(one);
  const auto& name = one["send"].get_ref<const std::string&>();
  for (const auto& [key, content] : one.items()) {
    if (key != "send" && key != "input") refuse(one);
  }
  auto input = one.value("input", json{});
  const auto found = inputs.find(name);
  const auto* wanted = found == inputs.end() ? nullptr : found->second;
  if (wanted != nullptr && wanted->same(value_type_of<tool_call>)) {
    return send{name, to_call(input)};
  }
  return send{name, std::move(input)};
}

}  // namespace

routes routes_of(const json& result, const send_inputs& inputs) {
  routes where;
  if (result.is_object() && result.empty()) return where;  // Lua's list of nothing
  if (result.is_array()) {
    for (const auto& one : result) where.add(target_of(one, inputs));
  } else {
    where.add(target_of(result, inputs));
  }
  return where;
}

router_function lua_router(compiled_script script, script_limits limits,
                           std::shared_ptr<const send_inputs> inputs) {
  return [script = std::move(script), limits, inputs = std::move(inputs)](const void* state) {
    sandbox box{limits};
    box.set_state("state", *static_cast<const json_state*>(state));
    return routes_of(box.call(script), *inputs);
  };
}

void check_leads(const std::vector<routes::target>& where,
                 const std::vector<std::string>& allowed) {
  if (allowed.empty()) return;
  const auto shown_name = [](const std::string& name) { return name == mcp::end ? "END" : name; };
  for (const auto& target : where) {
    const auto* sent = std::get_if<send>(&target);
    const auto& name = sent == nullptr ? std::get<std::string>(target) : sent->node();
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
    std::string all;
    for (const auto& one : allowed) all += (all.empty() ? "" : ", ") + shown_name(one);
    throw error{errc::invalid_goto, "it leads to \"" + shown_name(name) +
                                        "\", and the file says that it leads to " + all};
  }
}

router_function within(router_function decide, std::vector<std::string> allowed) {
  if (allowed.empty()) return decide;
  return [decide = std::move(decide), allowed = std::move(allowed)](const void* state) {
    auto where = decide(state);
    check_leads(where.targets(), allowed);
    return where;
  };
}

router_function tools_router(std::string messages, std::string tools, std::string otherwise) {
  return [messages = std::move(messages), tools = std::move(tools),
          otherwise = std::move(otherwise)](const void* state) {
    const auto& conversation = static_cast<const json_state*>(state)->messages(messages);
    routes where;
    for (const auto& call : detail::pending_calls(conversation)) where.add(send{tools, call});
    if (where.targets().empty()) where.add(otherwise);
    return where;
  };
}

}  // namespace mcp::cluster
