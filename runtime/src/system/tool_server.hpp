#pragma once

#include "system/tool_servers.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::cluster {

/// One server of a file: which of its tools are offered, and how they are called here.
class tool_server : public std::enable_shared_from_this<tool_server> {
 public:
  tool_server(const server_description& what, const script_limits& lua, bool offline,
              std::shared_ptr<tool_names> names)
      : what_(what), lua_(lua), offline_(offline && what.remote()), known_(std::move(names)) {}

  [[nodiscard]] const server_description& what() const noexcept { return what_; }
  /// Reads what the variables hold. What is missing is a problem.
  void read_variables(const environment& variables, problem_list& problems);
  void put(std::optional<std::string> only, const tool_set& into);
  /// Throws what `mcp_client::connect` throws.
  void start();
  /// What its tools are called here, as far as that is known before it runs.
  [[nodiscard]] std::vector<std::string> known_names() const;
  /// Null before it runs.
  [[nodiscard]] std::shared_ptr<mcp_client> client() const;
  /// A prompt that a node needs, with the names of its arguments. Before `start`.
  void need_prompt(const placed_name& name, std::vector<std::string> arguments);
  /// What is wrong with what the running server offers.
  void check_tools(problem_list& problems) const;

 private:
  struct wanted {
    std::optional<std::string> only{};  ///< nothing: all
    tool_set into{};
  };
  using tools_by_name = std::map<std::string, std::shared_ptr<tool>>;

  void check_prompts(problem_list& problems) const;
  void take(const std::vector<mcp_server_tool>& now);
  void replace(tools_by_name made);
  void add(const std::shared_ptr<tool>& one, const tool_set& into) const;
  [[nodiscard]] tools_by_name offer(const std::vector<mcp_server_tool>& now) const;
  [[nodiscard]] std::vector<mcp_server_tool> with_resources(std::vector<mcp_server_tool> now);
  [[nodiscard]] const server_tool_description* find(const std::string& name) const;
  [[nodiscard]] std::shared_ptr<tool> configured(const mcp_server_tool& one,
                                                 const server_tool_description* listed) const;

  const server_description what_;
  const script_limits lua_;
  const bool offline_;
  const std::shared_ptr<tool_names> known_;
  std::vector<std::string> secrets_;  ///< NAME=value, for the environment
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<wanted> wanted_;
  std::vector<std::pair<placed_name, std::vector<std::string>>> prompts_;
  mutable std::mutex mutex_;  ///< of what follows
  tools_by_name offered_;
  std::vector<std::string> names_;  ///< the server's own
  std::shared_ptr<mcp_client> client_;
};

}  // namespace mcp::cluster
