#include "plugins/plugin_set.hpp"

#include <functional>
#include <utility>

namespace mcp::cluster {
namespace {

std::pair<std::string, std::string> label_and_name(const std::string& text) {
  const auto point = text.rfind('.');
  if (point == std::string::npos) return {{}, text};
  return {text.substr(0, point), text.substr(point + 1)};
}

template <class Offer>
const std::string& name_of(const Offer& offer) {
  return offer.name;
}
const std::string& name_of(const plugin_agent& offer) {
  return offer.spec.type;
}

template <class Offer, class Members, class Offers>
plugin_set::found<Offer> find(const Members& members, const std::string& text, Offers offers) {
  const auto [label, name] = label_and_name(text);
  const auto member = members.find(label);
  if (member == members.end()) return {};
  for (const auto& one : offers(member->second.plugin->offers)) {
    if (name_of(one) == name) return {&one, &member->second};
  }
  return {};
}

template <class Offers>
void put_names(const std::string& label, const Offers& offers, std::vector<std::string>& to) {
  for (const auto& one : offers) to.push_back(label + "." + name_of(one));
}

/// The names that are called this behind their label.
std::vector<std::string> called(const std::string& name, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const auto& one : names) {
    if (label_and_name(one).second == name) found.push_back(one);
  }
  return found;
}

/// What may be meant by a name that is not among the known ones: "", or ", did you mean ...?".
std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const auto same = called(name, known);
  return same.empty() ? nearest(name, known) : ", did you mean \"" + same.front() + "\"?";
}

std::vector<std::string> names_of_kind(const std::string& kind, const std::string& label,
                                       const plugin& offers) {
  std::vector<std::string> names;
  if (kind == "node") put_names(label, offers.nodes(), names);
  if (kind == "tool") put_names(label, offers.tools(), names);
  if (kind == "model") put_names(label, offers.models(), names);
  if (kind == "reducer") put_names(label, offers.reducers(), names);
  if (kind == "agent") put_names(label, offers.agents(), names);
  return names;
}

}  // namespace

plugin_set::plugin_set(const cluster_description& file, const plugin_choices& choices,
                       plugin_role role, problem_list& problems) {
  for (const auto& one : choices.built_in) insert(one->name, {one}, problems);
  for (const auto& one : choices.files) add({}, {}, one, {}, choices, problems);
  for (const auto& one : file.plugins) {
    if (role == plugin_role::worker || one.file.empty()) {
      configure(one);
    } else {
      add(one.label, one.at, one.file, one.config, choices, problems);
    }
  }
  check_configs(problems);
}

void plugin_set::configure(const plugin_description& given) {
  const auto own = members_.find(given.label);
  if (own == members_.end()) {
    on_workers_.insert(given.label);
    return;
  }
  own->second.config = options_or_none(given.config);
  own->second.at = given.at;
}

bool plugin_set::is_on_workers(const std::string& name) const {
  return on_workers_.contains(plugin_label(name));
}

void plugin_set::add(const std::string& label, file_position at, const std::string& file,
                     const nlohmann::json& config, const plugin_choices& choices,
                     problem_list& problems) {
  try {
    if (!choices.trial.program.empty()) try_plugin(file, choices.trial);
    auto plugin = open_plugin(file);
    const auto& name = label.empty() ? plugin->name : label;
    insert(name, {std::move(plugin), options_or_none(config), at}, problems);
  } catch (const error& wrong) {
    complete_ = false;
    problems.error(at, "the plugin " + file + ": " + wrong.message(),
                   "`mcp-cluster plugin check FILE` looks at it alone");
  }
}

void plugin_set::insert(const std::string& label, member made, problem_list& problems) {
  const auto at = made.at;
  if (members_.emplace(label, std::move(made)).second) return;
  problems.error(at, "there are two plugins with the name \"" + label + "\"",
                 "name one of them differently under `plugins`");
}

void plugin_set::check_configs(problem_list& problems) const {
  for (const auto& [label, one] : members_) {
    try {
      one.plugin->offers.check_config(one.config);
    } catch (const error& wrong) {
      problems.error(one.at, "the `config` of the plugin \"" + label + "\": " + wrong.message(),
                     "`mcp-cluster plugin check FILE` shows what it takes");
    }
  }
}

plugin_set::found<plugin_offer<node_spec>> plugin_set::node(const std::string& name) const {
  return find<plugin_offer<node_spec>>(members_, name, std::mem_fn(&plugin::nodes));
}
plugin_set::found<plugin_offer<std::shared_ptr<mcp::tool>>> plugin_set::tool(
    const std::string& name) const {
  return find<plugin_offer<std::shared_ptr<mcp::tool>>>(members_, name,
                                                        std::mem_fn(&plugin::tools));
}
plugin_set::found<plugin_offer<std::shared_ptr<chat_model>>> plugin_set::model(
    const std::string& name) const {
  return find<plugin_offer<std::shared_ptr<chat_model>>>(members_, name,
                                                         std::mem_fn(&plugin::models));
}
plugin_set::found<plugin_agent> plugin_set::agent(const std::string& name) const {
  return find<plugin_agent>(members_, name, std::mem_fn(&plugin::agents));
}

std::map<std::string, json_reducer_function> plugin_set::reducers() const {
  std::map<std::string, json_reducer_function> result;
  for (const auto& [label, one] : members_) {
    for (const auto& offer : one.plugin->offers.reducers()) {
      result.emplace(label + "." + offer.name, offer.reduce);
    }
  }
  return result;
}

std::vector<agent_spec> plugin_set::agent_types() const {
  std::vector<agent_spec> result;
  for (const auto& [label, one] : members_) {
    for (const auto& offer : one.plugin->offers.agents()) {
      result.push_back(offer.spec);
      result.back().type = label + "." + offer.spec.type;
    }
  }
  return result;
}

void plugin_set::report_unknown(const std::string& kind, const placed_name& name,
                                problem_list& problems) const {
  const auto label = label_and_name(name.name).first;
  std::vector<std::string> labels;
  std::vector<std::string> known;
  for (const auto& [one, of] : members_) {
    labels.push_back(one);
    const auto names = names_of_kind(kind, one, of.plugin->offers);
    known.insert(known.end(), names.begin(), names.end());
  }
  if (!label.empty() && !members_.contains(label) && complete_) {
    problems.error(name.at, "there is no plugin \"" + label + "\"" + nearest(label, labels),
                   "declare it under `plugins`");
  } else if (members_.contains(label) || complete_) {
    problems.error(
        name.at,
        "no plugin offers the " + kind + " \"" + name.name + "\"" + suggestion(name.name, known),
        "write LABEL.NAME with the label of a plugin under `plugins`");
  }  // else it may be of a plugin that could not be loaded, which was said
}

std::string plugin_label(const std::string& name) {
  return label_and_name(name).first;
}

plugin_choices opened(plugin_choices choices) {
  for (const auto& file : std::exchange(choices.files, {})) {
    try {
      if (!choices.trial.program.empty()) try_plugin(file, choices.trial);
      choices.built_in.push_back(open_plugin(file));
    } catch (const error& wrong) {
      throw error{wrong.code(), "the plugin " + file + ": " + wrong.message()};
    }
  }
  return choices;
}

nlohmann::json options_or_none(const nlohmann::json& given) {
  return given.is_null() ? nlohmann::json::object() : given;
}

}  // namespace mcp::cluster
