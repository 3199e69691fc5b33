#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/columns.hpp"
#include "store/sqlite_connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::store {

/// `log.kind`: what a row holds. Journal rows are `journal_row + journal_kind`.
inline constexpr std::int64_t checkpoint_row = 0;
inline constexpr std::int64_t snapshot_row = 1;
inline constexpr std::int64_t journal_row = 2;

/// A row of `log`, as stored. The texts are views: of a query they are valid until its next row.
struct log_row {
  std::int64_t seq = 0;
  std::int64_t ns = 0;
  std::int64_t id = 0;
  std::int64_t kind = 0;
  std::optional<std::int64_t> parent{};  ///< distance from `id`
  std::optional<std::int64_t> prev{};    ///< distance from `id`; nothing: the parent
  std::optional<std::int64_t> base{};    ///< distance from `id`
  std::int64_t step = 0;
  std::int64_t source = 0;
  std::int64_t run = 0;      ///< row of `runs`; 0: none
  std::int64_t created = 0;  ///< distance from the time in `id`, in milliseconds
  std::string_view key{};
  std::string_view body{};

  [[nodiscard]] std::int32_t sum() const noexcept;
  [[nodiscard]] checkpoint_id checkpoint() const noexcept;
  [[nodiscard]] checkpoint_id parent_id() const noexcept;
  /// The checkpoint of the namespace before this one.
  [[nodiscard]] checkpoint_id prev_id() const noexcept;
  void set_prev(checkpoint_id previous) noexcept;
  [[nodiscard]] checkpoint_id base_id() const noexcept;
  /// A checkpoint's row without its namespace's name and its run's id.
  [[nodiscard]] checkpoint_info info() const;
};

/// Columns of `log` in the order `read_log_row` wants.
#define MCP_LOG_COLUMNS                                                                          \
  "l.seq,l.ns,l.id,l.kind,l.sum,l.parent,l.prev,l.base,l.step,l.source,l.run,l.created,l.key,l." \
  "body"
inline constexpr int log_columns = 14;
inline constexpr const char* insert_log_sql =
    "INSERT INTO log(ns,id,kind,sum,parent,prev,base,step,source,run,created,key,body) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)";

/// Reads and checks the row at `query`. Throws `corrupt_store` when it is damaged.
[[nodiscard]] log_row read_log_row(const sqlite_query& query);
/// The entry in a journal row.
[[nodiscard]] journal_entry read_journal(const log_row& row);
void insert_log_row(sqlite_statement& insert, const log_row& row);
[[nodiscard]] log_row checkpoint_log_row(std::int64_t ns, const checkpoint_info& info,
                                         checkpoint_id base, std::int64_t run,
                                         std::string_view body);
[[nodiscard]] log_row snapshot_log_row(std::int64_t ns, checkpoint_id id,
                                       std::string_view snapshot);

#define MCP_RUN_COLUMNS \
  "r.id,r.run_id,r.thread,r.status,r.graph,r.body,r.error,r.created,r.updated,r.sum"

/// A row of `runs`; without a status it is only a name.
struct run_row {
  std::int64_t id = 0;
  std::int64_t thread = 0;
  bool named_only = false;
  run_record record{};  ///< without the thread's name

  [[nodiscard]] std::int32_t sum() const noexcept;
};
[[nodiscard]] run_row read_run_row(const sqlite_query& query);

[[nodiscard]] std::int32_t thread_sum(const thread_info& info) noexcept;

/// A row of `namespaces`.
struct namespace_row {
  std::int64_t id = 0;
  std::int64_t thread = 0;
  std::string name{};
  checkpoint_id head{};
  store_time updated{};

  [[nodiscard]] std::int32_t sum() const noexcept;
};

#define MCP_NAMESPACE_COLUMNS "n.id,n.thread,n.name,n.head,n.updated,n.sum"
[[nodiscard]] namespace_row read_namespace(const sqlite_query& query);

/// Columns name, created, updated, expires, sum, from `column` on.
[[nodiscard]] thread_info read_thread(const sqlite_query& query, int column);

/// Throws `corrupt_store`.
[[noreturn]] void refuse_damage(const std::string& what);

}  // namespace mcp::store
