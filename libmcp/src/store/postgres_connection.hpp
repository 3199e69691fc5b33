#pragma once

#include "mcp/error.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace mcp::store {

/// Bytes to be stored as a `bytea`.
struct postgres_bytes {
  std::string_view bytes{};
};

/// What the database, or the way to it, answered instead of a result.
struct postgres_failure {
  std::string state{};  ///< SQLSTATE; empty when the connection is gone
  std::string message{};
  std::string detail{};
  std::size_t index = 0;  ///< of a pipeline: which of its statements

  [[nodiscard]] bool connection_lost() const noexcept;
  /// True when the same transaction may succeed if it is tried again.
  [[nodiscard]] bool passing() const noexcept;
  [[nodiscard]] error as_error(const std::string& place) const;
};

/// A statement with a name, which is prepared once per connection. Both are constants of ours.
struct postgres_statement {
  const char* name = nullptr;
  const char* sql = nullptr;
};

/// The rows of an answer, in binary. Integers are `bigint` in the statements.
class postgres_result {
 public:
  explicit postgres_result(pg_result* result);

  [[nodiscard]] int rows() const noexcept;
  [[nodiscard]] bool null(int row, int column) const noexcept;
  [[nodiscard]] std::int64_t integer(int row, int column) const noexcept;
  [[nodiscard]] std::optional<std::int64_t> maybe(int row, int column) const noexcept;
  [[nodiscard]] double real(int row, int column) const noexcept;
  /// Valid as long as this.
  [[nodiscard]] std::string_view bytes(int row, int column) const noexcept;
  [[nodiscard]] std::string text(int row, int column) const {
    return std::string{bytes(row, column)};
  }

 private:
  std::shared_ptr<pg_result> result_;
};

/// The values of one execution. Texts and bytes must outlive it.
class postgres_values {
 public:
  template <class... Values>
  explicit postgres_values(const Values&... values) {
    (add(values), ...);
  }

 private:
  friend class postgres_connection;
  struct value {
    std::array<char, sizeof(std::int64_t)> number{};
    std::string_view text{};
    bool null = false;
    bool integer = false;
  };

  void add(std::int64_t number);
  void add(const std::optional<std::int64_t>& number);
  void add(std::string_view text);
  void add(const std::string& text) { add(std::string_view{text}); }
  void add(const std::optional<std::string>& text);
  void add(postgres_bytes bytes) { values_.push_back({{}, bytes.bytes, false, false}); }
  void add(const std::optional<postgres_bytes>& bytes);

  std::vector<value> values_;
};

/// One connection, for one thread at a time. Everything here throws `postgres_failure`, and
/// `invalid_argument` for a text with a NUL, which PostgreSQL cannot keep.
class postgres_connection {
 public:
  /// Connects; `schema` is where names are looked up, `name` what the database calls the session.
  postgres_connection(const std::string& target, const std::string& schema,
                      const std::string& name = {});

  /// Statements without values, separated by semicolons. `sql` is never made of user input.
  postgres_result execute(const std::string& sql);
  template <class... Values>
  postgres_result query(const postgres_statement& statement, const Values&... values) {
    return run(statement, postgres_values{values...});
  }

  /// Prepares what a pipeline is going to use.
  void prepare(const postgres_statement& statement);
  /// A transaction in one round trip: `begin_pipeline`, any number of `send`, `end_pipeline`. It is
  /// committed when the last one returns.
  void begin_pipeline();
  template <class... Values>
  void send(const postgres_statement& statement, const Values&... values) {
    put(statement, postgres_values{values...});
  }
  void end_pipeline();

  /// Takes what `NOTIFY` said; true when there was something.
  [[nodiscard]] bool take_notifications();
  /// For poll().
  [[nodiscard]] int socket() const noexcept;

 private:
  postgres_result run(const postgres_statement& statement, const postgres_values& values);
  void put(const postgres_statement& statement, const postgres_values& values);
  [[nodiscard]] postgres_failure broken() const;
  postgres_result checked(pg_result* result) const;

  std::shared_ptr<pg_conn> connection_;
  std::set<const char*> prepared_;
};

/// A transaction that is rolled back unless it was committed.
class postgres_transaction {
 public:
  enum class kind : std::uint8_t { read, write };

  postgres_transaction(postgres_connection& connection, kind how);
  ~postgres_transaction();
  postgres_transaction(const postgres_transaction&) = delete;
  postgres_transaction& operator=(const postgres_transaction&) = delete;

  void commit();

 private:
  postgres_connection& connection_;
  bool open_ = true;
};

/// What people may read of a target: host, port, database and user, no password.
/// Throws `invalid_argument` when it cannot be read.
[[nodiscard]] std::string postgres_place(const std::string& target);

}  // namespace mcp::store
