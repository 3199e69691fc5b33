#pragma once

#include "cluster_file/description.hpp"
#include "plugins/loaded_plugin.hpp"
#include "plugins/plugin_trial.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mcp::cluster {

/// Where a file is read.
enum class plugin_role : std::uint8_t {
  all,     ///< where its graphs run: all its plugins are loaded
  worker,  ///< where some of its nodes run: what the process has counts, under its own name
};

/// How the plugins of a file are found.
struct plugin_choices {
  /// Beside those of the file: shared objects, under their own names.
  std::vector<std::string> files{};
  /// Parts of the program, under their own names.
  std::vector<std::shared_ptr<const loaded_plugin>> built_in{};
  /// What tries each file first; without a program nothing does.
  trial_options trial{};
};

/// The plugins that a cluster file may use, by label. What they offer is called LABEL.NAME.
class plugin_set {
 public:
  struct member {
    std::shared_ptr<const loaded_plugin> plugin{};
    nlohmann::json config = nlohmann::json::object();
    file_position at{};  ///< where the file speaks of it
  };
  /// Something that is offered, by the plugin that offers it.
  template <class Offer>
  struct found {
    const Offer* offer = nullptr;  ///< null: there is no such thing
    const member* of = nullptr;

    explicit operator bool() const noexcept { return offer != nullptr; }
  };

  /// Loads all of them. What cannot be used is a problem.
  plugin_set(const cluster_description& file, const plugin_choices& choices, plugin_role role,
             problem_list& problems);

  /// Whether this is LABEL.NAME of a plugin that only workers have.
  [[nodiscard]] bool is_on_workers(const std::string& name) const;

  [[nodiscard]] found<plugin_offer<node_spec>> node(const std::string& name) const;
  [[nodiscard]] found<plugin_offer<std::shared_ptr<mcp::tool>>> tool(const std::string& name) const;
  [[nodiscard]] found<plugin_offer<std::shared_ptr<chat_model>>> model(
      const std::string& name) const;
  [[nodiscard]] found<plugin_agent> agent(const std::string& name) const;
  /// All reducers, by LABEL.NAME.
  [[nodiscard]] std::map<std::string, json_reducer_function> reducers() const;
  /// All types of agents, each called LABEL.NAME.
  [[nodiscard]] std::vector<agent_spec> agent_types() const;

  /// What is wrong with a name that is not there, and what to do. `kind`: "node", "tool", "model",
  /// "reducer" or "agent".
  void report_unknown(const std::string& kind, const placed_name& name,
                      problem_list& problems) const;

 private:
  void add(const std::string& label, file_position at, const std::string& file,
           const nlohmann::json& config, const plugin_choices& choices, problem_list& problems);
  void configure(const plugin_description& given);
  void check_configs(problem_list& problems) const;
  void insert(const std::string& label, member made, problem_list& problems);

  std::map<std::string, member> members_;
  std::set<std::string> on_workers_;  ///< labels
  bool complete_ = true;  ///< all could be loaded
};

/// The plugin's label in LABEL.NAME.
[[nodiscard]] std::string plugin_label(const std::string& name);
/// Opens the files; `built_in` has them then. Throws `invalid_plugin`.
[[nodiscard]] plugin_choices opened(plugin_choices choices);

/// The options of a file as a plugin is given them: an object, if need be an empty one.
[[nodiscard]] nlohmann::json options_or_none(const nlohmann::json& given);

}  // namespace mcp::cluster
