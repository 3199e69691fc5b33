#include "cli/report.hpp"

#include "cli/text.hpp"

#include <typeinfo>

namespace mcp::cluster {

using json = nlohmann::ordered_json;

json parsed(const std::string& text) {
  if (text.empty()) return nullptr;
  auto found = json::parse(text, nullptr, false);
  return found.is_discarded() ? json(text) : found;
}

std::string to_line(const json& content, int indent) {
  return content.dump(indent, ' ', false, json::error_handler_t::replace);
}

json to_report(const error& what) {
  json made{{"code", std::string{name(what.code())}},
            {"message", what.message()},
            {"advice", std::string{advice(what.code())}}};
  const auto& place = what.place();
  if (!place.graph.empty()) made["graph"] = place.graph;
  if (!place.node.empty()) made["node"] = place.node;
  if (place.attempt > 0) made["attempt"] = place.attempt;
  return made;
}

json to_report(const pending_interrupt& asked) {
  return {{"id", asked.id.empty() ? json(nullptr) : json(asked.id)},
          {"node", asked.node},
          {"ns", asked.ns},
          {"question", parsed(asked.question)},
          {"schema", parsed(asked.schema)}};
}

json to_report(const std::vector<pending_interrupt>& asked) {
  auto list = json::array();
  for (const auto& one : asked) list.push_back(to_report(one));
  return list;
}

json to_report(const run_usage& usage) {
  auto counters = json::object();
  for (const auto& [counter, amount] : usage.counters) counters[counter] = amount;
  return {{"steps", usage.steps}, {"node_calls", usage.node_calls}, {"counters", counters}};
}

json to_report(const run_event& event) {
  json made{{"number", event.number},
            {"event", std::string{name(event.kind)}},
            {"ns", event.ns},
            {"step", event.step}};
  if (!event.node.empty()) made["node"] = event.node;
  if (!event.name.empty()) made["name"] = event.name;
  if (event.attempt > 0) made["attempt"] = event.attempt;
  if (event.cached) made["cached"] = true;
  if (!event.json.empty()) made["data"] = parsed(event.json);
  if (event.state && event.state.type().id() == typeid(json_state)) {
    made["state"] = event.state.as<json_state>().to_json();
  }
  if (event.error) made["error"] = to_report(*event.error);
  if (!event.interrupts.empty()) made["interrupts"] = to_report(event.interrupts);
  return made;
}

json to_report(const checkpoint_info& info) {
  return {{"checkpoint", info.id.text()},
          {"step", info.step},
          {"source", std::string{name(info.source)}},
          {"created", time_text(info.created)},
          {"run", info.run_id},
          {"parent", info.parent ? json(info.parent.text()) : json(nullptr)}};
}

json output_of(const json_state& state) {
  auto made = json::object();
  if (!state.type()) return made;
  const auto& type = *state.type();
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& field = type.at(i);
    if (field.is_output()) made[field.name()] = state.get(field.name());
  }
  return made;
}

}  // namespace mcp::cluster
