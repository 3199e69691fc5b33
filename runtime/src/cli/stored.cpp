#include "cli/stored.hpp"

#include "cli/this_program.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace mcp::cluster {
namespace {

/// A word as a shell reads it back.
std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"_-./:=@+,"}.find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return word + "'";
}

std::string checked_durable(const std::string& store) {
  if (is_durable(store)) return store;
  throw error{errc::no_store, "the runs are kept in \"" + store +
                                  "\", which ends with its process; give the file a store, "
                                  "or --store FILE"};
}

}  // namespace

load_options load_options_of(const command_options& options) {
  load_options made;
  for (const auto& text : options.models) {
    const auto at = text.find('=');
    made.models[text.substr(0, at)] = text.substr(at + 1);
  }
  made.store_path = options.store;
  made.offline = options.offline;
  made.plugins.files = options.plugins;
  made.plugins.trial.program = this_program;
  return made;
}

std::shared_ptr<cluster_system> load_system(const command_options& options) {
  auto load = load_options_of(options);
  load.will_run = false;
  return cluster_system::load(options.file, load);
}

std::string durable_store_of(const cluster_system& system) {
  return checked_durable(system.store());
}

std::string durable_store_of(const command_options& options) {
  return options.store ? checked_durable(*options.store) : durable_store_of(*load_system(options));
}

std::shared_ptr<checkpoint_store> open_store(const std::string& path, store_access access) {
  std::error_code problem;
  if (kind_of_store(path) == store_kind::sqlite && !std::filesystem::exists(path, problem)) {
    throw error{errc::store_failed, "there is no store \"" + path + "\"; a run makes it"};
  }
  return open_checkpoints(path, access);
}

std::unique_ptr<executor<json_state>> quiet_executor(const cluster_system& system,
                                                     store_access access) {
  return std::make_unique<executor<json_state>>(
      system.graph(),
      executor_options{.store = open_store(durable_store_of(system), access), .recover = false});
}

std::optional<checkpoint_id> checkpoint_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto id = checkpoint_id::parse(text);
  if (id) return id;
  throw error{errc::invalid_argument,
              "\"" + text + "\" is no checkpoint: that is 16 hexadecimal digits, as in history"};
}

std::optional<run_record> last_run(checkpoint_store& store, const std::string& thread) {
  auto runs = store.runs({.thread_id = thread, .limit = 1'000'000});
  if (runs.empty()) return std::nullopt;
  return std::move(runs.back());
}

std::string resume_hint(const command_options& options, const std::string& thread,
                        std::size_t questions) {
  auto line = "mcp-cluster resume " + shell_word(thread) + ' ' + shell_word(options.file);
  if (options.store) line += " --store " + shell_word(shown_store(*options.store));
  for (const auto& model : options.models) line += " --model " + shell_word(model);
  if (options.offline) line += " --offline";
  if (questions == 1) line += " --answer JSON";
  for (std::size_t i = 0; questions > 1 && i < questions; ++i) line += " --answer ID=JSON";
  return line;
}

}  // namespace mcp::cluster
