#pragma once

#include "cli/command_line.hpp"
#include "mcp/executor.hpp"
#include "system/cluster_system.hpp"
#include "system/open_store.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

/// How commands get at what is stored.
namespace mcp::cluster {

/// A system whose runs are looked at.
[[nodiscard]] std::shared_ptr<cluster_system> load_system(const command_options& options);
/// Replacements of models and of the store, as they were given. The last of the same name counts.
[[nodiscard]] load_options load_options_of(const command_options& options);

/// Where the runs of the file, or of `--store`, are. Throws `no_store` when they are kept nowhere.
[[nodiscard]] std::string durable_store_of(const command_options& options);
[[nodiscard]] std::string durable_store_of(const cluster_system& system);

/// Opens a store that is there already. Throws `store_failed`.
[[nodiscard]] std::shared_ptr<checkpoint_store> open_store(const std::string& path,
                                                           store_access access);

/// An executor that leaves the unfinished runs of the store alone.
[[nodiscard]] std::unique_ptr<executor<json_state>> quiet_executor(const cluster_system& system,
                                                                   store_access access);

/// Reads what `--at`, `--from` or an argument says; nothing when it is empty. Throws
/// `invalid_argument`.
[[nodiscard]] std::optional<checkpoint_id> checkpoint_of(const std::string& text);

/// The last run of a thread; nothing when it has none.
[[nodiscard]] std::optional<run_record> last_run(checkpoint_store& store,
                                                 const std::string& thread);

/// A command line that goes on with a thread, answering so many questions.
[[nodiscard]] std::string resume_hint(const command_options& options, const std::string& thread,
                                      std::size_t questions);

}  // namespace mcp::cluster
