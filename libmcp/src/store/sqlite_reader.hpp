#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/journal_list.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mcp::store {

/// The questions to a checkpoint file, over one connection. The caller holds a transaction around
/// each call, so that what one call returns fits together.
class sqlite_reader {
 public:
  explicit sqlite_reader(sqlite_connection& connection);

  [[nodiscard]] std::optional<std::int64_t> find_thread(const std::string& thread_id);
  [[nodiscard]] std::optional<namespace_row> find_namespace(const std::string& thread_id,
                                                            const std::string& ns);

  [[nodiscard]] std::optional<run_record> run(const std::string& run_id);
  [[nodiscard]] std::vector<run_record> runs(const run_query& query);
  [[nodiscard]] std::optional<run_record> last_run(const std::string& thread_id);
  [[nodiscard]] std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                                checkpoint_id id);
  [[nodiscard]] std::optional<stored_checkpoint> load(const std::string& thread_id,
                                                      const std::string& ns,
                                                      std::optional<checkpoint_id> id);
  /// The checkpoint `id` of namespace `ns`; its namespace is left empty.
  [[nodiscard]] std::optional<stored_checkpoint> load(std::int64_t ns, checkpoint_id id);
  [[nodiscard]] std::vector<checkpoint_info> history(const std::string& thread_id,
                                                     const std::string& ns,
                                                     const history_query& query);
  /// Sorted by name.
  [[nodiscard]] std::vector<namespace_row> namespaces(const std::string& thread_id);
  [[nodiscard]] std::vector<thread_info> threads(std::size_t limit);
  /// Threads that a sweep would remove, claimed or not.
  [[nodiscard]] std::vector<std::string> over(const sweep_query& query);
  /// The thread if it is one of them.
  [[nodiscard]] std::optional<std::int64_t> find_over(const sweep_query& query,
                                                      const std::string& thread_id);

  [[nodiscard]] journal_list journal(std::int64_t ns, checkpoint_id id);
  /// Calls `visit` with the checkpoints of a namespace from `newest` to the oldest, until it
  /// returns false. The row is valid during the call.
  void walk(std::int64_t ns, checkpoint_id newest,
            const std::function<bool(const log_row&)>& visit);

 private:
  void load_chain(std::int64_t ns, stored_checkpoint& out);
  [[nodiscard]] checkpoint_id newest_before(const namespace_row& space,
                                            std::optional<checkpoint_id> before);
  [[nodiscard]] std::string run_name(std::int64_t id);

  sqlite_connection& connection_;
  sqlite_statement thread_;
  sqlite_statement namespace_;
  sqlite_statement run_;
  sqlite_statement run_name_;
  sqlite_statement all_runs_;
  sqlite_statement runs_of_thread_;
  sqlite_statement last_run_;
  sqlite_statement unfinished_runs_;
  sqlite_statement checkpoint_;
  sqlite_statement snapshot_;
  sqlite_statement journal_;
  sqlite_statement namespaces_;
  sqlite_statement threads_;
};

}  // namespace mcp::store
