#pragma once

#include "cluster_file/description.hpp"
#include "mcp/agents/tool_set.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mcp {
class json_state;
}

namespace mcp::cluster {

/// What a file changes of a tool.
struct tool_settings {
  std::string name{};
  std::string description{};  ///< empty: the tool's
  tool_options options{};
  /// Arguments that the state gives. The model is not told of them.
  std::vector<std::pair<std::string, compiled_script>> given{};
};

/// A tool as a cluster file sets it up.
class configured_tool final : public tool {
 public:
  configured_tool(std::shared_ptr<tool> inner, tool_settings settings);

  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return settings_.options; }
  void start(const std::string& arguments, tool_reply reply) override {
    inner_->start(arguments, std::move(reply));
  }
  [[nodiscard]] const std::vector<std::pair<std::string, compiled_script>>& given() const noexcept {
    return settings_.given;
  }

 private:
  std::shared_ptr<tool> inner_;
  tool_settings settings_;
  tool_description description_;
};

/// A tool that answers that the system runs offline.
[[nodiscard]] std::shared_ptr<tool> refused_tool(const std::string& name);

/// The call with the arguments that its tool takes from the state, in place of the model's. Throws
/// `script_failed`.
[[nodiscard]] tool_call filled_call(const tool_set& tools, tool_call call, const json_state& state,
                                    const script_limits& limits);

/// The options of a tool: what `what` says, and `base` for the rest.
[[nodiscard]] tool_options options_of(const call_options_description& what, tool_options base,
                                      const script_limits& limits);
/// What `first` says, and `then` for the rest.
[[nodiscard]] call_options_description merged(call_options_description first,
                                              const call_options_description& then);

}  // namespace mcp::cluster
