#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace mcp::store {

/// Bytes to be stored as a BLOB.
struct sqlite_blob {
  std::string_view bytes{};
};

/// One SQLite connection, for one thread at a time. Failures are thrown as `mcp::error` with
/// `store_failed`, `store_full`, `corrupt_store` or `too_large`; the message names the file.
class sqlite_connection {
 public:
  enum class access : std::uint8_t { create, write, read };

  sqlite_connection(const std::string& path, access how);
  ~sqlite_connection();
  sqlite_connection(const sqlite_connection&) = delete;
  sqlite_connection& operator=(const sqlite_connection&) = delete;

  [[nodiscard]] sqlite3* handle() const noexcept { return db_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Runs statements that return nothing. `sql` is a constant of ours, never made of user input.
  void execute(const char* sql);
  /// The first column of the first row.
  [[nodiscard]] std::int64_t integer(const char* sql);
  [[nodiscard]] std::string text(const char* sql);
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const noexcept;
  [[nodiscard]] std::int64_t last_row() const noexcept;

  /// The statements of transactions, prepared at their first use.
  enum class step : std::uint8_t { begin_read, begin_write, commit };
  void run(step what);

  /// Throws the error for result code `code` of `doing`.
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
  std::array<sqlite3_stmt*, 3> steps_{};
};

/// A prepared statement, kept for as long as its connection.
class sqlite_statement {
 public:
  sqlite_statement(sqlite_connection& connection, const char* sql);
  ~sqlite_statement();
  sqlite_statement(const sqlite_statement&) = delete;
  sqlite_statement& operator=(const sqlite_statement&) = delete;

 private:
  friend class sqlite_query;

  sqlite_connection& connection_;
  sqlite3_stmt* handle_ = nullptr;
};

/// One execution of a statement. Bound texts and blobs must outlive it.
class sqlite_query {
 public:
  template <class... Values>
  explicit sqlite_query(sqlite_statement& statement, const Values&... values)
      : statement_(statement) {
    int index = 0;
    (bind(++index, values), ...);
  }
  ~sqlite_query();
  sqlite_query(const sqlite_query&) = delete;
  sqlite_query& operator=(const sqlite_query&) = delete;

  /// Goes to the next row; false after the last.
  bool next();
  /// Runs to the end.
  void finish();

  [[nodiscard]] bool null(int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] std::optional<std::int64_t> maybe(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  /// Bytes of a text or blob, valid until `next`.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string{bytes(column)}; }

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, const std::optional<std::int64_t>& value);
  void bind(int index, std::string_view text);
  void bind(int index, const std::string& text) { bind(index, std::string_view{text}); }
  void bind(int index, const std::optional<std::string>& text);
  void bind(int index, sqlite_blob blob);
  void check(int code) const;

  sqlite_statement& statement_;
};

/// A transaction that is rolled back unless it was committed.
class sqlite_transaction {
 public:
  enum class kind : std::uint8_t { read, write };

  sqlite_transaction(sqlite_connection& connection, kind how);
  ~sqlite_transaction();
  sqlite_transaction(const sqlite_transaction&) = delete;
  sqlite_transaction& operator=(const sqlite_transaction&) = delete;

  void commit();

 private:
  sqlite_connection& connection_;
  bool open_ = true;
};

}  // namespace mcp::store
