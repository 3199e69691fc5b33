#pragma once

#include "cluster/remote_nodes.hpp"
#include "cluster_file/problem_list.hpp"
#include "mcp/executor.hpp"
#include "mcp/json.hpp"
#include "mcp/metrics.hpp"
#include "plugins/plugin_set.hpp"
#include "system/kept_files.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::cluster {

/// For a process that stays.
struct service_options {
  std::string server{};  ///< its name among those that share the store; empty: the process id
  /// Of `executor_options`.
  std::function<void(const run_handle_base&)> on_recovered{};
  std::shared_ptr<mcp::metrics> metrics{};  ///< null: nothing is counted
  std::shared_ptr<span_sink> spans{};       ///< null: runs make no spans
  /// Runs are pinned to the file as it is, and its text is kept in the store for them.
  bool pin_versions = false;
  /// What the systems of this process share; null: the file's store is opened.
  std::shared_ptr<checkpoint_store> checkpoints{};
  std::shared_ptr<kept_files> files{};
  std::shared_ptr<agent_system> agents{};  ///< whom its nodes ask; null: agents of its own
};

/// What the caller of `cluster_system::load` decides beside the file.
struct load_options {
  /// By name of a model: what stands in for it: "scripted", "replay:FILE", "openai:MODEL" or
  /// "anthropic:MODEL", these with "@URL" and ",key_env=VARIABLE" behind them where it is needed.
  std::map<std::string, std::string> models{};
  /// In place of the file's `store`: see `cluster_file/store_place.hpp`.
  std::optional<std::string> store_path{};
  /// In place of what is in the file now.
  std::optional<std::string> text{};
  /// Models that need a network answer by a script, and tools that need one are refused.
  bool offline = false;
  plugin_choices plugins{};
  /// Who run the nodes that the file places on workers; null: this process.
  std::shared_ptr<remote_nodes> workers{};
  /// False: it is looked at, and may lack what only workers have.
  bool will_run = true;
};

/// One cluster file, ready to run. Immutable but for its executor; safe from several threads.
class cluster_system {
 public:
  /// Throws `invalid_cluster_file` with all problems, one per line, each
  /// "file:line:column: what; what to do". The store is not opened here.
  [[nodiscard]] static std::shared_ptr<cluster_system> load(const std::string& path,
                                                            const load_options& options = {});
  /// All problems of a file, errors and warnings, in its order; none: it can be loaded.
  [[nodiscard]] static std::vector<cluster_problem> check(const std::string& path,
                                                          const load_options& options = {});

  cluster_system(const cluster_system&) = delete;
  cluster_system& operator=(const cluster_system&) = delete;
  ~cluster_system();

  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::string& description() const noexcept;
  /// The state of the graph.
  [[nodiscard]] const std::shared_ptr<const state_type>& type() const noexcept;
  [[nodiscard]] const compiled_graph<json_state>& graph() const noexcept;
  /// Made at the first call: starts the servers of `mcp_servers`, opens the store, and goes on with
  /// the store's unfinished messages to agents and runs of this graph. Throws their errors; the
  /// next call then tries again.
  [[nodiscard]] mcp::executor<json_state>& executor();
  /// Before the first call of `executor`.
  void serve_with(service_options how);
  /// Starts the servers of `mcp_servers` that do not run; what is wrong with them.
  [[nodiscard]] std::vector<cluster_problem> start_servers();
  [[nodiscard]] std::vector<std::string> servers() const;  ///< names, in the order of the file
  /// Who hears what servers say on standard error, from any thread; empty: nobody.
  void hear_servers(std::function<void(const std::string& server, std::string_view line)> to);
  /// Limits and interrupts as the file says; no thread.
  [[nodiscard]] run_options default_run_options() const;
  /// JSON Schema of what a run is given.
  [[nodiscard]] nlohmann::json input_schema() const;
  /// Whether it has agents, which live as long as its executor.
  [[nodiscard]] bool has_agents() const noexcept;
  /// 64 hexadecimal digits: SHA-256 of the file's bytes.
  [[nodiscard]] const std::string& content_hash() const noexcept;
  /// Keeps in the store that a thread is run with the file as it is now. Nothing without a file for
  /// a store. Throws the store's errors.
  void pin_thread(const std::string& thread);
  /// Whether the file was another one when the thread was pinned last; false when it was not.
  [[nodiscard]] bool has_changed_since(const std::string& thread);
  /// 16 hexadecimal digits of the hash: what runs are pinned to, if they are.
  [[nodiscard]] std::string version() const;
  /// Null before `executor`, or when it has none.
  [[nodiscard]] std::shared_ptr<agent_system> agents();
  /// Where the store is: see `cluster_file/store_place.hpp`. It may hold a password.
  [[nodiscard]] const std::string& store() const noexcept;
  /// Where its memory is, said in the same way.
  [[nodiscard]] const std::string& memory_place() const noexcept;
  /// How long the store keeps its threads; nothing: for ever.
  [[nodiscard]] std::optional<milliseconds> keep_threads() const noexcept;
  /// Warnings that were found while loading.
  [[nodiscard]] const std::vector<cluster_problem>& warnings() const noexcept;

 private:
  struct parts;
  explicit cluster_system(std::unique_ptr<parts> made);

  std::unique_ptr<parts> parts_;
};

}  // namespace mcp::cluster
