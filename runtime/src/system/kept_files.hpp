#pragma once

#include "mcp/memory_store.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace mcp::cluster {

/// A cluster file as it was when a run began.
struct kept_file {
  std::string path{};
  std::string text{};
};

/// What is kept beside the runs of a store: by which file each thread was run last, the texts of
/// the versions that runs are pinned to, and their versions of plugins. Safe from several threads;
/// throws the store's errors.
class kept_files {
 public:
  explicit kept_files(std::shared_ptr<memory_store> store) : store_(std::move(store)) {}

  /// The hash of the file by which a thread was run last. Threads with names that are no keys of a
  /// memory are not kept.
  void pin(const std::string& system, const std::string& thread, const std::string& hash);
  [[nodiscard]] std::optional<std::string> pinned(const std::string& system,
                                                  const std::string& thread);
  /// Forgets a thread that is deleted, whichever system it was of.
  void unpin(const std::string& thread);
  /// As `pin_keeper` says; a thread has the pins of its last run.
  [[nodiscard]] std::map<std::string, std::string> pin_plugins(
      const std::string& thread, const std::string& run,
      const std::map<std::string, std::string>& fresh);
  /// Nothing when it is kept already.
  void keep(const std::string& system, const std::string& version, const kept_file& file);
  /// Removes the texts of all versions but these, of all systems; returns how many. Only while no
  /// server has the store: it may have a version loaded that no run is pinned to yet.
  std::size_t keep_only(const std::set<std::string>& versions);
  [[nodiscard]] std::optional<kept_file> find(const std::string& system,
                                              const std::string& version);

 private:
  std::shared_ptr<memory_store> store_;
};

}  // namespace mcp::cluster
