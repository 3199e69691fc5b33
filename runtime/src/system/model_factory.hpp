#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/chat_model.hpp"
#include "plugins/plugin_set.hpp"

#include <map>
#include <memory>
#include <string>

namespace mcp::cluster {

struct model_choices {
  std::map<std::string, std::string> overrides{};  ///< name to "scripted", "replay:FILE", ...
  bool offline = false;
  bool check_only = false;  ///< nothing is written: no recording
};

/// The models of a file, by name, each with its limit, retries, fallbacks and recording. What
/// cannot be made is a problem.
[[nodiscard]] std::map<std::string, ready_model> make_models(const cluster_description& file,
                                                             const model_choices& choices,
                                                             const plugin_set& plugins,
                                                             problem_list& problems);

/// A model that answers by the rules of a description; without any it repeats the question.
[[nodiscard]] std::shared_ptr<chat_model> make_scripted_model(const model_description& what,
                                                              const script_limits& limits);

}  // namespace mcp::cluster
