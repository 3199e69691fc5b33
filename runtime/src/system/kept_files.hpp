#pragma once

#include "mcp/memory_store.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mcp::cluster {

/// A cluster file as it was when a run began.
struct kept_file {
  std::string path{};
  std::string text{};
};

/// What is kept beside the runs of a store: by which file each thread was run last, and the texts
/// of the versions that runs are pinned to. Safe from several threads; throws the store's errors.
class kept_files {
 public:
  explicit kept_files(std::shared_ptr<memory_store> store) : store_(std::move(store)) {}

  /// The hash of the file by which a thread was run last. Threads with names that are no keys of a
  /// memory are not kept.
  void pin(const std::string& system, const std::string& thread, const std::string& hash);
  [[nodiscard]] std::optional<std::string> pinned(const std::string& system,
                                                  const std::string& thread);
  /// Nothing when it is kept already.
  void keep(const std::string& system, const std::string& version, const kept_file& file);
  [[nodiscard]] std::optional<kept_file> find(const std::string& system,
                                              const std::string& version);

 private:
  std::shared_ptr<memory_store> store_;
};

}  // namespace mcp::cluster
