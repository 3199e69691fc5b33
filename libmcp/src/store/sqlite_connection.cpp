#include "store/sqlite_connection.hpp"

#include "mcp/error.hpp"

#include <cerrno>
#include <climits>

#include <sqlite3.h>

namespace mcp::store {
namespace {

/// How long a statement waits for another connection's write.
constexpr int busy_timeout_ms = 10'000;
/// Statements are kept for long.
constexpr unsigned prepare_flags = SQLITE_PREPARE_PERSISTENT;

/// `cause` is errno after the call: SQLite knows ENOSPC itself, but a quota and a limit on the size
/// of files are plain write errors to it, and a failed COMMIT does not keep their errno.
bool disk_full(int code, int cause) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  return (code & 0xFF) == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT || cause == EFBIG);
}

bool damaged(int code) {
  const int primary = code & 0xFF;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_MISMATCH ||
         primary == SQLITE_CONSTRAINT || primary == SQLITE_FORMAT ||
         code == SQLITE_IOERR_SHORT_READ;
}

std::string hint(int code) {
  switch (code & 0xFF) {
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "; the file and its folder must exist and be writable, or choose another path";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another process or connection holds the file";
    default:
      return {};
  }
}

}  // namespace

sqlite_connection::sqlite_connection(const std::string& path, access how) : path_(path) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (how == access::read) {
    flags |= SQLITE_OPEN_READONLY;
  } else {
    flags |= SQLITE_OPEN_READWRITE;
    if (how == access::create) flags |= SQLITE_OPEN_CREATE;
  }
  const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) {
    try {
      fail(code, "open it");
    } catch (...) {
      sqlite3_close(db_);
      throw;
    }
  }
  sqlite3_busy_timeout(db_, busy_timeout_ms);
  // A damaged or foreign schema must not make SQLite run anything on our behalf.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

sqlite_connection::~sqlite_connection() {
  for (auto* statement : steps_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

void sqlite_connection::fail(int code, std::string_view doing) const {
  const int cause = errno;
  std::string what = "SQLite file '" + path_ + "': cannot " + std::string{doing} + ": ";
  what += db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
  if (disk_full(code, cause)) throw error(errc::store_full, what);
  if (damaged(code)) throw error(errc::corrupt_store, what);
  if ((code & 0xFF) == SQLITE_TOOBIG) throw error(errc::too_large, what);
  throw error(errc::store_failed, what + hint(code));
}

void sqlite_connection::execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, std::string{"run '"} + sql + "'");
}

void sqlite_connection::run(step what) {
  constexpr std::array<const char*, 3> texts{"BEGIN", "BEGIN IMMEDIATE", "COMMIT"};
  const auto index = static_cast<std::size_t>(what);
  auto*& statement = steps_[index];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(db_, texts[index], -1, prepare_flags, &statement, nullptr);
    if (code != SQLITE_OK) fail(code, texts[index]);
  }
  const int code = sqlite3_step(statement);
  // The error text belongs to the step, so it is read before the reset; a throw skips nothing else.
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement);
    return;
  }
  try {
    fail(code, texts[index]);
  } catch (...) {
    sqlite3_reset(statement);
    throw;
  }
}

std::int64_t sqlite_connection::integer(const char* sql) {
  sqlite_statement statement(*this, sql);
  sqlite_query query(statement);
  return query.next() ? query.integer(0) : 0;
}

std::string sqlite_connection::text(const char* sql) {
  sqlite_statement statement(*this, sql);
  sqlite_query query(statement);
  return query.next() ? query.text(0) : std::string{};
}

std::int64_t sqlite_connection::changes() const noexcept {
  return sqlite3_changes(db_);
}
std::int64_t sqlite_connection::last_row() const noexcept {
  return sqlite3_last_insert_rowid(db_);
}

sqlite_statement::sqlite_statement(sqlite_connection& connection, const char* sql)
    : connection_(connection) {
  const int code =
      sqlite3_prepare_v3(connection.handle(), sql, -1, prepare_flags, &handle_, nullptr);
  if (code == SQLITE_OK) return;
  // The text is ours and correct, so a table or column that is not there is damage.
  connection.fail(code == SQLITE_ERROR ? SQLITE_CORRUPT : code, "use its tables");
}

sqlite_statement::~sqlite_statement() {
  sqlite3_finalize(handle_);
}

sqlite_query::~sqlite_query() {
  sqlite3_reset(statement_.handle_);
  sqlite3_clear_bindings(statement_.handle_);
}

bool sqlite_query::next() {
  const int code = sqlite3_step(statement_.handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    statement_.connection_.fail(
        code, sqlite3_stmt_readonly(statement_.handle_) != 0 ? "read it" : "write to it");
  }
  return false;
}

void sqlite_query::finish() {
  while (next()) {
  }
}

bool sqlite_query::null(int column) const noexcept {
  return sqlite3_column_type(statement_.handle_, column) == SQLITE_NULL;
}

std::int64_t sqlite_query::integer(int column) const noexcept {
  return sqlite3_column_int64(statement_.handle_, column);
}

std::optional<std::int64_t> sqlite_query::maybe(int column) const noexcept {
  if (null(column)) return std::nullopt;
  return integer(column);
}

double sqlite_query::real(int column) const noexcept {
  return sqlite3_column_double(statement_.handle_, column);
}

std::string_view sqlite_query::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.handle_, column));
  const int size = sqlite3_column_bytes(statement_.handle_, column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

void sqlite_query::check(int code) const {
  if (code != SQLITE_OK) statement_.connection_.fail(code, "bind a value");
}

void sqlite_query::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.handle_, index, value));
}

void sqlite_query::bind(int index, const std::optional<std::int64_t>& value) {
  if (value) bind(index, *value);
}

void sqlite_query::bind(int index, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  check(sqlite3_bind_text64(statement_.handle_, index, data, text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
}

void sqlite_query::bind(int index, const std::optional<std::string>& text) {
  if (text) bind(index, std::string_view{*text});
}

void sqlite_query::bind(int index, sqlite_blob blob) {
  const char* data = blob.bytes.empty() ? "" : blob.bytes.data();
  check(sqlite3_bind_blob64(statement_.handle_, index, data, blob.bytes.size(), SQLITE_STATIC));
}

sqlite_transaction::sqlite_transaction(sqlite_connection& connection, kind how)
    : connection_(connection) {
  using step = sqlite_connection::step;
  connection_.run(how == kind::write ? step::begin_write : step::begin_read);
}

sqlite_transaction::~sqlite_transaction() {
  // A full disk or damage may have ended the transaction already.
  if (open_ && sqlite3_get_autocommit(connection_.handle()) == 0) {
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void sqlite_transaction::commit() {
  connection_.run(sqlite_connection::step::commit);
  open_ = false;
}

}  // namespace mcp::store
