#include "system/graph_maker.hpp"

#include "cluster_file/reducers.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> result;
  for (const auto& [key, content] : map) result.push_back(key);
  return result;
}

}  // namespace

bool graph_maker::make_surroundings() {
  auto reducers = parts_.plugins.reducers();
  reducers.merge(own_reducers());
  for (const auto& name : what_.state.plugin_reducers) {
    if (!reducers.contains(name.name)) {
      parts_.plugins.report_unknown("reducer", name, problems_);
      return false;
    }
  }
  try {
    auto type = make_json_state_type(what_.name, what_.state.schema, reducers);
    around_ = {std::move(type), parts_.file.limits.lua, inputs_, parts_.file.memory_root(),
               parts_.notes};
  } catch (const error& wrong) {
    if (what_.state.fields.empty()) return false;  // said before
    problems_.error(what_.state.at, "the state: " + wrong.message());
    return false;
  }
  return true;
}

ready_graph graph_maker::run() {
  const auto errors_before = problems_.errors();
  ready_graph result;
  if (!make_surroundings()) return result;
  result.type = around_.type;
  builder_.name = what_.name;
  builder_.state = result.type.get();
  builder_.state_owner = result.type;
  add_nodes();
  for (const auto& node : builder_.nodes) inputs_->emplace(node.name, node.input);
  add_edges();
  for (const auto& name : what_.interrupt_before) {
    builder_.interrupt_before.push_back(name.name == "*" ? "*" : node_name(name, false, false));
  }
  for (const auto& name : what_.interrupt_after) {
    builder_.interrupt_after.push_back(name.name == "*" ? "*" : node_name(name, false, false));
  }
  if (problems_.errors() != errors_before || builder_.nodes.empty() ||
      builder_.nodes.size() != what_.nodes.size()) {
    return result;
  }
  report_graph_problems();
  if (problems_.errors() == errors_before) result.plan = compile(builder_);
  return result;
}

void graph_maker::add_nodes() {
  for (const auto& node : what_.nodes) {
    try {
      add_node(node);
    } catch (const error& wrong) {
      problems_.error(node.at, "the node \"" + node.name + "\": " + wrong.message());
    } catch (const std::exception& wrong) {  // of a plugin
      problems_.error(node.at, "the node \"" + node.name + "\": " + wrong.what());
    }
  }
}

void graph_maker::add_node(const node_description& node) {
  const auto errors_before = problems_.errors();
  check_placement(node);
  auto spec = std::visit([&](const auto& what) { return make(node, what); }, node.what);
  auto destinations = targets(node.destinations);
  if (spec.run && !destinations.empty()) {
    spec.run = [run = std::move(spec.run), destinations](const node_input& in, context& ctx) {
      auto result = run(in, ctx);
      check_leads(result.go_to, destinations);
      return result;
    };
  }
  if (is_placed(node, parts_.file)) spec = placed(node, std::move(spec));
  auto options = node.options;
  if (node.fallback) options.fallback = node_name(*node.fallback, false, false);
  options.destinations = std::move(destinations);
  if (problems_.errors() != errors_before) return;
  if (!spec.run && !spec.begin && !spec.subgraph.plan) return;  // its problem was said before
  spec.name = node.name;
  if (options.blocking && spec.kind == node_kind::plain) spec.kind = node_kind::blocking;
  spec.options = std::move(options);
  builder_.nodes.push_back(std::move(spec));
}

void limit(task_demand& demand, const placement_description& placement, std::string name) {
  demand.labels = placement.labels;
  demand.replicas = placement.replicas;
  demand.max_in_flight = placement.max_in_flight;
  demand.patience = placement.wait;
  if (demand.replicas > 0 || demand.max_in_flight > 0) demand.limited = std::move(name);
}

bool is_placed(const node_description& node, const cluster_description& file) {
  if (node.placement) return true;
  const auto* typed = std::get_if<typed_node_description>(&node.what);
  if (typed == nullptr) return false;
  const auto label = plugin_label(typed->type.name);
  return std::any_of(file.plugins.begin(), file.plugins.end(),
                     [&](const auto& one) { return one.label == label && one.file.empty(); });
}

task_demand graph_maker::demand_of(const node_description& node) const {
  task_demand demand;
  if (node.placement) {
    limit(demand, *node.placement, parts_.file.name + '/' + what_.name + '/' + node.name);
  }
  const auto need = [&](const placed_name& type) {
    if (auto label = plugin_label(type.name); !label.empty()) demand.plugins.insert(label);
  };
  const auto need_tools_of = [&](const std::vector<placed_name>& names) {
    for (const auto& name : names) {
      for (const auto& tool : parts_.file.tools) {
        if (tool.name == name.name) need(tool.type);
      }
    }
  };
  if (const auto* typed = std::get_if<typed_node_description>(&node.what)) need(typed->type);
  if (const auto* tools = std::get_if<tools_node_description>(&node.what)) {
    need_tools_of(tools->tools);
  }
  if (const auto* call = std::get_if<call_node_description>(&node.what)) {
    need_tools_of({call->tool});
  }
  const auto need_plugin_of = [&](const placed_name& name) {
    for (const auto& model : parts_.file.models) {
      if (model.name == name.name) need(model.type);
    }
  };
  if (const auto* asks = std::get_if<model_node_description>(&node.what)) {
    need_plugin_of(asks->model);
  }
  if (const auto* folds = std::get_if<summary_node_description>(&node.what)) {
    need_plugin_of(folds->model);
  }
  return demand;
}

node_spec graph_maker::placed(const node_description& node, node_spec spec) {
  const auto* input = spec.input;
  const auto* typed = std::get_if<typed_node_description>(&node.what);
  if (typed != nullptr && typed->from_send) input = &value_type_of<json>;
  if (parts_.workers) {
    const bool is_own = &what_ == &parts_.file.graph;
    spec = make_remote_node({parts_.hash, is_own ? std::string{} : what_.name, node.name},
                            demand_of(node), inputs_, parts_.workers);
    spec.input = input;
  } else if (!spec.run && !spec.begin && parts_.check_only) {
    spec.run = [](const node_input&, context&) { return node_result{}; };
  }
  return spec;
}

void graph_maker::check_placement(const node_description& node) {
  if (!node.placement) return;
  const auto refuse = [&](const std::string& why) {
    problems_.error(node.placement->at, "the node \"" + node.name + "\" cannot be placed: " + why,
                    "remove `placement`");
  };
  if (const auto* asks = std::get_if<model_node_description>(&node.what);
      asks != nullptr && asks->prompt_from) {
    refuse("its prompt is of a server");
  }
  std::vector<placed_name> tools;
  if (const auto* run = std::get_if<tools_node_description>(&node.what)) tools = run->tools;
  if (const auto* call = std::get_if<call_node_description>(&node.what)) tools = {call->tool};
  for (const auto& tool : tools) {
    if (parts_.servers->provides(tool.name)) {
      refuse("\"" + tool.name + "\" is of a server of tools");
    }
  }
}

worker_node graph_maker::make_worker_node(const node_description& node) {
  worker_node made;
  for (const auto& one : what_.nodes) {
    if (std::holds_alternative<tools_node_description>(one.what)) {
      inputs_->emplace(one.name, &value_type_of<tool_call>);
    }
  }
  if (make_surroundings()) {
    made.type = around_.type;
    try {
      made.spec = std::visit([&](const auto& what) { return make(node, what); }, node.what);
    } catch (const std::exception& wrong) {
      const auto* ours = dynamic_cast<const error*>(&wrong);
      problems_.error(node.at, ours != nullptr ? ours->message() : wrong.what());
    }
  }
  if (problems_.errors() == 0 && (made.spec.run || made.spec.begin)) return made;
  made.problem = to_text(problems_.sorted());
  if (made.problem.empty()) made.problem = "what the node needs is not there";
  return made;
}

node_spec graph_maker::make(const node_description&, const lua_node_description& what) {
  return make_lua_node(what, around_);
}

node_spec graph_maker::make(const node_description&, const tools_node_description& what) {
  const bool conversation = need_conversation(what.messages);
  if (!need_tools(what.tools) || !conversation) return {};
  return make_tools_node(collect_tools(what.tools), what.messages.name, around_);
}

node_spec graph_maker::make(const node_description&, const call_node_description& what) {
  const bool kept = !what.into || need_field(*what.into, what_.state);
  if (!need_tools({what.tool}) || !kept) return {};
  const auto servers = parts_.servers->servers();
  if (std::find(servers.begin(), servers.end(), what.tool.name) != servers.end()) {
    problems_.error(what.tool.at, "\"" + what.tool.name + "\" is a server, not one tool",
                    "list a tool under the `tools` of the server, and name that");
    return {};
  }
  bool text = true;
  if (what.into) {
    if (what_.state.is_conversation(what.into->name)) {
      problems_.error(what.into->at, "the field \"" + what.into->name + "\" is a conversation",
                      "name a field for the tool's result");
      return {};
    }
    const auto& field = what_.state.schema.at("properties").at(what.into->name);
    text = field.value("type", json{}) == "string";
  }
  return make_call_node(what, collect_tools({what.tool}), text, around_);
}

node_spec graph_maker::make(const node_description&, const ask_node_description& what) {
  if (what.into && !need_field(*what.into, what_.state)) return {};
  const bool speaks = what.into && what_.state.is_conversation(what.into->name);
  return make_ask_node(what, answer_schema(what), speaks, around_);
}

node_spec graph_maker::make(const node_description& node, const graph_node_description& what) {
  const auto* graph = library_.find(what.graph.name);
  if (graph == nullptr) {
    const auto known = library_.names();
    if (std::find(known.begin(), known.end(), what.graph.name) == known.end()) {
      problems_.error(
          what.graph.at,
          "there is no graph \"" + what.graph.name + "\"" + nearest(what.graph.name, known),
          "declare it under `graphs`");
    }
    return {};
  }
  for (const auto& one : parts_.file.graphs) {
    if (one.name == what.graph.name) map_fields(what, one.state);
  }
  if (!graph->plan) return {};
  if (what.in || what.out) return make_mapped_graph_node(what, graph->plan, graph->type, around_);
  node_spec spec;
  spec.kind = node_kind::subgraph;
  spec.input = &value_type_of<json>;
  try {
    spec.subgraph = detail::shared_fields(*around_.type, graph->plan);
  } catch (const error& wrong) {
    problems_.error(node.at, wrong.message(), "map its fields with `in` and `out`");
  }
  return spec;
}

node_spec graph_maker::make(const node_description& node, const typed_node_description& what) {
  const auto found = parts_.plugins.node(what.type.name);
  if (!found && parts_.plugins.is_on_workers(what.type.name)) {
    if (!parts_.workers && !parts_.check_only) {
      problems_.error(what.type.at,
                      "the plugin \"" + plugin_label(what.type.name) + "\" is on workers",
                      "`mcp-cluster serve` has them run the node, `--plugin FILE` this process");
    }
    return {};
  }
  if (!found) {
    parts_.plugins.report_unknown("node", what.type, problems_);
    return {};
  }
  const auto model = [this](const std::string& name) {
    const auto known = parts_.models.find(name);
    if (known != parts_.models.end()) return known->second;
    throw error{errc::invalid_argument,
                "there is no model \"" + name + "\"" + nearest(name, keys_of(parts_.models))};
  };
  const auto tools = [this](const std::vector<std::string>& names) {
    std::vector<placed_name> placed;
    for (const auto& name : names) {
      if (!knows_tool(name)) throw error{errc::invalid_argument, unknown_tool(name)};
      placed.push_back({name, {}});
    }
    return collect_tools(placed);
  };
  auto spec = found.offer->make(
      {node.name, options_or_none(what.options), found.of->config, around_.type, model, tools});
  if (spec.run || spec.begin || spec.subgraph.plan) return spec;
  throw error{errc::invalid_plugin, "the plugin made a node without a function"};
}

node_spec graph_maker::make(const node_description&, const agent_node_description& what) {
  const bool kept = !what.into || need_field(*what.into, what_.state);
  const auto found = parts_.plugins.agent(what.agent.name);
  if (!found && parts_.plugins.is_on_workers(what.agent.name)) {
    if (!parts_.workers && !parts_.check_only) {
      problems_.error(what.agent.at,
                      "the plugin \"" + plugin_label(what.agent.name) + "\" is on workers",
                      "`mcp-cluster serve` has them run the agent, `--plugin FILE` this process");
    }
    return kept ? make_agent_node(what, parts_.agents, around_) : node_spec{};
  }
  if (!found) {
    parts_.plugins.report_unknown("agent", what.agent, problems_);
    return {};
  }
  const auto* handler = found.offer->spec.find(what.message.name);
  if (handler == nullptr) {
    std::vector<std::string> known;
    for (const auto& one : found.offer->spec.handlers) known.push_back(one.name);
    std::string all;
    for (const auto& one : known) all += (all.empty() ? "" : ", ") + one;
    problems_.error(what.message.at,
                    "the agent \"" + what.agent.name + "\" handles no message \"" +
                        what.message.name + "\"" + nearest(what.message.name, known),
                    "known are: " + all);
  }
  if (!kept || handler == nullptr) return {};
  return make_agent_node(what, parts_.agents, around_);
}

bool graph_maker::need_field(const placed_name& field, const state_description& state) {
  if (state.fields.contains(field.name)) return true;
  problems_.error(
      field.at,
      "the state has no field \"" + field.name + "\"" + nearest(field.name, state.names()),
      "declare it under `state`");
  return false;
}

bool graph_maker::need_conversation(const placed_name& field) {
  if (!need_field(field, what_.state)) return false;
  if (what_.state.is_conversation(field.name)) return true;
  problems_.error(field.at, "the field \"" + field.name + "\" is no conversation",
                  "declare it as `" + field.name + ": messages`");
  return false;
}

bool graph_maker::knows_tool(const std::string& name) const {
  return parts_.tools.contains(name) || parts_.servers->provides(name);
}

std::string graph_maker::unknown_tool(const std::string& name) const {
  auto known = keys_of(parts_.tools);
  const auto more = parts_.servers->names();
  known.insert(known.end(), more.begin(), more.end());
  return "there is no tool \"" + name + "\"" + nearest(name, known);
}

bool graph_maker::need_tools(const std::vector<placed_name>& names) {
  bool found = true;
  for (const auto& [name, at] : names) {
    if (knows_tool(name)) continue;
    problems_.error(at, unknown_tool(name),
                    parts_.servers->names().empty()
                        ? "declare it under `tools`"
                        : "declare it under `tools`, or under the `tools` of its server");
    found = false;
  }
  return found;
}

tool_set graph_maker::collect_tools(const std::vector<placed_name>& names) {
  tool_set tools;
  for (const auto& [name, at] : names) {
    const auto own = parts_.tools.find(name);
    if (own == parts_.tools.end()) {
      parts_.servers->put(name, tools);
    } else if (own->second) {
      tools.add(own->second);
    }
  }
  return tools;
}

void graph_maker::map_fields(const graph_node_description& what, const state_description& child) {
  for (const auto* names : {&what.in, &what.out}) {
    if (!*names) continue;
    for (const auto& [inner, outer] : **names) {
      static_cast<void>(need_field(inner, child));
      static_cast<void>(need_field(outer, what_.state));
    }
  }
}

std::string graph_maker::answer_schema(const ask_node_description& what) const {
  if (what.schema) return what.schema->dump();
  if (!what.into || what_.state.is_conversation(what.into->name)) return R"({"type":"string"})";
  auto schema = what_.state.schema.at("properties").at(what.into->name);
  for (const auto* ours : {"x-reducer", "x-visibility", "default"}) schema.erase(ours);
  return schema.dump();
}

}  // namespace mcp::cluster
