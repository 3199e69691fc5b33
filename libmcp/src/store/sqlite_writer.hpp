#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace mcp::store {

/// Applies batches of writes, one transaction each, over the one connection that writes. It
/// remembers where the threads in use stand, so that a checkpoint costs one insert.
class sqlite_writer {
 public:
  explicit sqlite_writer(sqlite_connection& connection);

  void write(std::span<const store_write> batch);
  /// Forgets what it remembers; needed after any change made past it.
  void forget() noexcept;

 private:
  struct known_namespace {
    namespace_row row{};
    checkpoint_id base{};  ///< of the head
    bool known = false;    ///< `base` is
    bool changed = false;
  };
  struct known_thread {
    std::int64_t id = 0;
    thread_info info{};
    bool changed = false;
    std::string run_name{};  ///< the run used last
    std::int64_t run = 0;
    std::unordered_map<std::string, known_namespace> namespaces{};
  };

  void apply(const put_checkpoint& op);
  void apply(const put_journal& op);
  void apply(const put_run& op);
  void apply(const set_run_status& op);

  known_thread* find_thread(const std::string& thread_id);
  known_thread& thread_of(const std::string& thread_id, store_time created);
  known_namespace* find_namespace(known_thread& thread, const std::string& ns);
  known_namespace& namespace_of(known_thread& thread, const put_checkpoint& op);
  /// The base of a stored checkpoint, or nothing when it is not stored.
  std::optional<checkpoint_id> base_of(const known_namespace& space, checkpoint_id id);
  std::int64_t run_of(known_thread& thread, const std::string& run_id);
  void touch(known_thread& thread, store_time at);
  void store_heads();

  sqlite_connection& connection_;
  sqlite_statement find_thread_;
  sqlite_statement insert_thread_;
  sqlite_statement update_thread_;
  sqlite_statement find_namespace_;
  sqlite_statement insert_namespace_;
  sqlite_statement update_namespace_;
  sqlite_statement checkpoint_;
  sqlite_statement insert_log_;
  sqlite_statement find_runs_;
  sqlite_statement insert_run_;
  sqlite_statement update_run_;
  std::unordered_map<std::string, known_thread> threads_;
  std::vector<known_thread*> changed_threads_;
  std::vector<known_namespace*> changed_namespaces_;
  std::size_t remembered_ = 0;  ///< namespaces in `threads_`
};

}  // namespace mcp::store
