#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/prune_plan.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mcp::store {

/// The rare changes: copy, prune, delete, expire. Each call is one transaction. Whoever remembers
/// what is stored has to forget it afterwards.
class sqlite_maintenance {
 public:
  explicit sqlite_maintenance(sqlite_connection& connection);

  void copy_thread(const std::string& source, const std::string& target);
  prune_report prune(const std::string& thread_id, std::size_t keep);
  bool delete_thread(const std::string& thread_id);
  void expire_thread(const std::string& thread_id, std::optional<store_time> expires);
  /// Removes a thread if a sweep would; whether it did.
  bool remove_over(const sweep_query& query, const std::string& thread_id);

 private:
  /// What a kept checkpoint refers to after a prune.
  struct links {
    bool root = false;  ///< loses its parent
    checkpoint_id base{};
    checkpoint_id prev{};
  };

  [[nodiscard]] std::vector<prune_node> nodes_of(const namespace_row& space);
  void add_snapshot(std::int64_t ns, checkpoint_id id);
  void relink(std::int64_t ns, checkpoint_id id, const links& now);
  void apply(const namespace_row& space, const prune_plan& plan, prune_report& report);
  /// Removes the names of runs that no checkpoint refers to any more.
  void drop_names(std::int64_t thread, const std::vector<namespace_row>& spaces);
  void copy_space(const namespace_row& from, std::int64_t thread);
  /// The row of `runs` that stands for run `id` in another thread.
  std::int64_t copy_run(std::int64_t id, std::int64_t thread);
  void erase(std::int64_t thread, const std::string& name);

  sqlite_connection& connection_;
  sqlite_reader reader_;
};

}  // namespace mcp::store
