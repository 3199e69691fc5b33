#include "system/cluster_system.hpp"

#include "cluster_file/read_file.hpp"
#include "mcp/memory_store.hpp"
#include "system/agent_types.hpp"
#include "system/content_hash.hpp"
#include "system/graph_factory.hpp"
#include "system/lua_tool.hpp"
#include "system/migration.hpp"
#include "system/notes.hpp"
#include "system/open_store.hpp"
#include "system/supervision_maker.hpp"
#include "system/tool_servers.hpp"

#include <algorithm>
#include <mutex>

namespace mcp::cluster {
namespace {

struct loaded_file {
  std::string bytes;
  std::string hash;
  cluster_description description;
  std::shared_ptr<tool_servers> servers;
  std::shared_ptr<agent_host> agents = std::make_shared<agent_host>();
  std::vector<agent_spec> agent_types;
  std::vector<supervisor> supervision;
  ready_graph graph;
};

/// Reads, checks and makes everything but the executor. Problems are in the list.
loaded_file load_file(const std::string& path, const load_options& options, bool check_only,
                      problem_list& problems) {
  loaded_file result;
  auto bytes = options.text ? options.text : read_bytes(path, problems);
  if (!bytes) return result;
  result.bytes = std::move(*bytes);
  result.hash = cluster::content_hash(result.bytes);
  auto read = read_cluster_file(path, result.bytes, process_environment(), problems);
  if (!read) return result;
  result.description = std::move(*read);
  auto& file = result.description;
  if (options.store_path) file.store.place = *options.store_path;
  result.servers = std::make_shared<tool_servers>(
      file, tool_servers::settings{options.offline, process_environment()}, problems);
  const plugin_set plugins{file, options.plugins, plugin_role::all, problems};
  result.agent_types = make_agent_types(file, plugins, result.hash, options.workers, problems);
  result.supervision = make_supervision(file, result.agent_types, plugins, problems);
  auto notes = make_notes(file, options.offline, problems);
  graph_parts parts{
      file,
      make_models(file, {options.models, options.offline, check_only}, plugins, problems),
      make_tools(file, options.offline, plugins, notes, problems),
      result.servers,
      result.agents,
      plugins,
      options.workers,
      result.hash,
      check_only || !options.will_run,
      std::move(notes)};
  result.graph = make_graphs(parts, problems);
  return result;
}

}  // namespace

struct cluster_system::parts {
  std::string path;
  std::string name;
  std::string description;
  std::string hash;
  store_description store;
  memory_description memory;
  std::shared_ptr<const state_type> type;
  compiled_graph<json_state> graph;
  run_options options;
  std::vector<cluster_problem> warnings;
  std::shared_ptr<tool_servers> servers;
  std::shared_ptr<agent_host> agents;
  std::vector<agent_spec> agent_types;
  std::vector<supervisor> supervision;
  service_options service;
  std::mutex mutex;
  std::shared_ptr<kept_files> files;
  std::string text;
  std::shared_ptr<remote_nodes> workers;
  std::optional<migration> migrate;
  std::unique_ptr<mcp::executor<json_state>> executor;

  /// Null where nothing is durable.
  std::shared_ptr<kept_files> open_files() {
    const std::lock_guard lock{mutex};
    return files_locked();
  }
  std::shared_ptr<kept_files> files_locked() {
    if (!files) files = service.files;
    if (!files && is_durable(store.place)) files = open_kept_files(store.place);
    return files;
  }
};

cluster_system::cluster_system(std::unique_ptr<parts> made) : parts_(std::move(made)) {}

cluster_system::~cluster_system() {
  parts_->executor.reset();  // its nodes ask the agents
  parts_->agents->system.reset();
  if (parts_->workers) parts_->workers->remove_system(parts_->hash);
}

std::shared_ptr<cluster_system> cluster_system::load(const std::string& path,
                                                     const load_options& options) {
  problem_list problems{path};
  auto file = load_file(path, options, false, problems);
  problems.check();
  if (options.workers) options.workers->add_system(file.hash, path, file.bytes);
  auto& what = file.description;
  run_options run;
  run.recursion_limit = what.limits.recursion_limit.value_or(run.recursion_limit);
  run.deadline = what.limits.deadline;
  run.durability = what.limits.durability;
  run.budget = what.limits.budget;
  std::optional<migration> moving;
  if (what.migrate) moving = migration{std::move(*what.migrate), what.limits.lua, file.graph.type};
  std::unique_ptr<parts> made{new parts{path,
                                        what.name,
                                        what.description,
                                        file.hash,
                                        what.store,
                                        what.memory,
                                        file.graph.type,
                                        compiled_graph<json_state>{file.graph.plan},
                                        std::move(run),
                                        problems.sorted(),
                                        std::move(file.servers),
                                        std::move(file.agents),
                                        std::move(file.agent_types),
                                        std::move(file.supervision),
                                        {},
                                        {},
                                        {},
                                        std::move(file.bytes),
                                        options.workers,
                                        std::move(moving),
                                        {}}};
  return std::shared_ptr<cluster_system>{new cluster_system{std::move(made)}};
}

std::vector<cluster_problem> cluster_system::check(const std::string& path,
                                                   const load_options& options) {
  problem_list problems{path};
  static_cast<void>(load_file(path, options, true, problems));
  return problems.sorted();
}

const std::string& cluster_system::path() const noexcept {
  return parts_->path;
}
const std::string& cluster_system::name() const noexcept {
  return parts_->name;
}
const std::string& cluster_system::description() const noexcept {
  return parts_->description;
}
const std::shared_ptr<const state_type>& cluster_system::type() const noexcept {
  return parts_->type;
}
const compiled_graph<json_state>& cluster_system::graph() const noexcept {
  return parts_->graph;
}
bool cluster_system::has_agents() const noexcept {
  return !parts_->agent_types.empty();
}
const std::string& cluster_system::content_hash() const noexcept {
  return parts_->hash;
}
std::string cluster_system::version() const {
  constexpr std::size_t digits = 16;
  return parts_->hash.substr(0, digits);
}

std::shared_ptr<agent_system> cluster_system::agents() {
  const std::lock_guard lock{parts_->mutex};
  return parts_->agents->system;
}

const std::string& cluster_system::store() const noexcept {
  return parts_->store.place;
}
const std::string& cluster_system::memory_place() const noexcept {
  return parts_->memory.store.empty() ? parts_->store.place : parts_->memory.store;
}
std::optional<milliseconds> cluster_system::keep_threads() const noexcept {
  return parts_->store.keep_threads;
}
const std::vector<cluster_problem>& cluster_system::warnings() const noexcept {
  return parts_->warnings;
}
run_options cluster_system::default_run_options() const {
  return parts_->options;
}

nlohmann::json cluster_system::input_schema() const {
  return nlohmann::json::parse(mcp::input_schema(*parts_->type));
}

void cluster_system::pin_thread(const std::string& thread) {
  if (const auto files = parts_->open_files()) files->pin(parts_->name, thread, parts_->hash);
}

bool cluster_system::has_changed_since(const std::string& thread) {
  const auto files = parts_->open_files();
  const auto pinned = files ? files->pinned(parts_->name, thread) : std::nullopt;
  return pinned && *pinned != parts_->hash;
}

void cluster_system::serve_with(service_options how) {
  const std::lock_guard lock{parts_->mutex};
  parts_->service = std::move(how);
}

std::vector<cluster_problem> cluster_system::start_servers() {
  const std::lock_guard lock{parts_->mutex};
  problem_list problems{parts_->path};
  static_cast<void>(parts_->servers->start(problems));
  return problems.sorted();
}

std::vector<std::string> cluster_system::servers() const {
  return parts_->servers->servers();
}

void cluster_system::hear_servers(
    std::function<void(const std::string& server, std::string_view line)> to) {
  parts_->servers->hear(std::move(to));
}

mcp::executor<json_state>& cluster_system::executor() {
  const std::lock_guard lock{parts_->mutex};
  if (!parts_->executor) {
    problem_list problems{parts_->path};
    // First: recovered runs go on at once.
    if (const auto failed = parts_->servers->start(problems)) {
      throw file_error{*failed, to_text(problems.sorted())};
    }
    executor_options options;
    const auto& service = parts_->service;
    options.store = service.checkpoints ? service.checkpoints
                                        : open_checkpoints(parts_->store.place,
                                                           store_access::change, service.server);
    // Before all else that a store takes: another process may have them, and this is tried again.
    parts_->agents->system = service.agents;  // nothing may be left of a call that failed
    if (!service.agents && !parts_->agent_types.empty()) {
      parts_->agents->system =
          std::make_shared<agent_system>(agent_system_options{.name = parts_->name,
                                                              .store = options.store,
                                                              .supervision = parts_->supervision,
                                                              .metrics = parts_->service.metrics},
                                         parts_->agent_types);
    }
    if (service.pin_versions) {
      options.version = version();
      if (const auto files = parts_->files_locked()) {  // for the runs that are pinned to it
        files->keep(parts_->name, options.version, {parts_->path, parts_->text});
      }
    }
    options.memory =
        open_memory(memory_place(), {.default_ttl = parts_->memory.ttl});  // its file is there now
    if (parts_->migrate) {
      options.migrate = [how = *parts_->migrate, here = version()](const std::string& from,
                                                                   const std::string& state) {
        return from == here ? state : how.moved(from, state);
      };
    }
    options.keep_threads = parts_->store.keep_threads;
    if (const auto files = parts_->files_locked()) {
      options.on_removed = [files](const std::string& thread) { files->unpin(thread); };
    }
    options.on_recovered = parts_->service.on_recovered;
    options.metrics = parts_->service.metrics;
    options.spans = parts_->service.spans;
    parts_->executor =
        std::make_unique<mcp::executor<json_state>>(parts_->graph, std::move(options));
  }
  return *parts_->executor;
}

}  // namespace mcp::cluster
