#pragma once

#include "cluster_file/description.hpp"
#include "cluster_file/scalar.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "mcp/agents/tool_set.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp::cluster {

class tool_server;

/// Which names are taken, and who hears what servers say. Safe from any thread.
class tool_names {
 public:
  using log = std::function<void(const std::string& server, std::string_view line)>;

  /// Whether the name is now, or was before, that of a tool of `owner`.
  bool claim(const std::string& tool, const std::string& owner);
  void hear(log to);  ///< waits for a call of the old one
  void say(const std::string& server, std::string_view line);

 private:
  std::mutex mutex_;  ///< of `owners_`
  std::map<std::string, std::string> owners_;
  std::mutex log_mutex_;
  log log_;
};

/// The servers of a file, and the tools that they offer once they run. What nodes may name is known
/// before: a server, which stands for all its tools, and the tools that the file lists.
class tool_servers {
 public:
  struct settings {
    bool offline = false;  ///< servers behind a network are not asked
    environment variables{};
  };

  /// Nothing is started. A variable that is not set is a problem, and so is a name that two tools
  /// have.
  tool_servers(const cluster_description& file, const settings& how, problem_list& problems);
  ~tool_servers();
  tool_servers(const tool_servers&) = delete;
  tool_servers& operator=(const tool_servers&) = delete;

  /// Servers, and tools that the file lists.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<std::string> servers() const;
  [[nodiscard]] bool provides(const std::string& name) const;
  /// Puts the tool of that name, or all tools of the server of that name, into a set once the
  /// servers run, and keeps the set in step. Before `start`.
  void put(const std::string& name, const tool_set& into);

  /// A prompt of a server that a node needs. Before `start`. Null: there is no such server.
  using client_source = std::function<std::shared_ptr<mcp_client>()>;
  [[nodiscard]] client_source need_prompt(const std::string& server, const placed_name& prompt,
                                          std::vector<std::string> arguments);

  /// Starts all servers side by side and waits for their tools; those that run already stay. A
  /// server that cannot be used is a problem, and so is a tool or prompt that the file names and
  /// its server does not offer. Returns the code of the first problem.
  std::optional<errc> start(problem_list& problems);
  /// Hears what the servers say on standard error, from any thread; empty: nobody. Waits for a call
  /// under way.
  void hear(tool_names::log to) { names_->hear(std::move(to)); }

 private:
  std::shared_ptr<tool_names> names_ = std::make_shared<tool_names>();
  std::vector<std::shared_ptr<tool_server>> servers_;
};

}  // namespace mcp::cluster
