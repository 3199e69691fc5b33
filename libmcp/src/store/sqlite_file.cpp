#include "store/sqlite_file.hpp"

#include "mcp/error.hpp"

#include <filesystem>

namespace mcp::store {
namespace {

// log: `kind` 0 is a checkpoint, 1 its snapshot, 2 and more its journal (2 + journal_kind; the last
// row of a key counts). To keep rows small, `parent`, `prev` and `base` are distances from `id` (no
// parent, no base: NULL; its own base: 0), `created` is the distance from the time in `id`, `run` a
// row of `runs` (0: none). The checkpoints of a namespace are a list: `namespaces.head` is the
// newest, `prev` leads to the one before it (NULL: that is the parent). So the one index grows at
// its end however many threads write, and a commit touches few pages. A row of `runs` without a
// status is only a name that checkpoints refer to. `sum` is a checksum of the other columns.
constexpr const char* schema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE threads(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER,
  updated INTEGER, expires INTEGER, sum INTEGER);
CREATE INDEX threads_expiring ON threads(expires) WHERE expires IS NOT NULL;
CREATE TABLE namespaces(id INTEGER PRIMARY KEY, thread INTEGER, name TEXT, head INTEGER,
  updated INTEGER, sum INTEGER, UNIQUE(thread, name));
CREATE TABLE runs(id INTEGER PRIMARY KEY, run_id TEXT, thread INTEGER, status INTEGER, graph TEXT,
  body BLOB, error TEXT, created INTEGER, updated INTEGER, sum INTEGER, UNIQUE(run_id, thread));
CREATE INDEX runs_of_thread ON runs(thread);
CREATE INDEX runs_unfinished ON runs(status) WHERE status <= 2;
CREATE TABLE log(seq INTEGER PRIMARY KEY, ns INTEGER, id INTEGER, kind INTEGER, sum INTEGER,
  parent INTEGER, prev INTEGER, base INTEGER, step INTEGER, source INTEGER, run INTEGER, created INTEGER,
  key TEXT, body BLOB);
CREATE INDEX log_place ON log(id, ns, kind);
INSERT INTO meta VALUES('format', 1);
PRAGMA application_id = 0x4d435031;
PRAGMA user_version = 1;
)sql";

[[noreturn]] void refuse(const sqlite_connection& connection, errc code, const std::string& what) {
  throw error(code, "SQLite file '" + connection.path() + "' " + what);
}

bool is_new(sqlite_connection& connection) {
  return connection.integer("PRAGMA application_id") == 0 &&
         connection.integer("PRAGMA user_version") == 0 &&
         connection.integer("SELECT count(*) FROM sqlite_master") == 0;
}

void check_identity(sqlite_connection& connection) {
  if (connection.integer("PRAGMA application_id") != sqlite_application_id) {
    refuse(connection, errc::corrupt_store, "belongs to another application");
  }
  const auto version = connection.integer("PRAGMA user_version");
  if (version > sqlite_format) {
    refuse(connection, errc::newer_format,
           "has format " + std::to_string(version) + "; this version reads up to " +
               std::to_string(sqlite_format));
  }
  if (version < 1) refuse(connection, errc::corrupt_store, "has no format version");
  if (connection.integer(
          "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')") != 0) {
    refuse(connection, errc::corrupt_store, "has triggers or views, which we never make");
  }
}

void check_content(sqlite_connection& connection) {
  const auto bytes =
      connection.integer("PRAGMA page_count") * connection.integer("PRAGMA page_size");
  if (bytes > checked_on_open_bytes) return;
  const auto found = connection.text("PRAGMA integrity_check(1)");
  if (found != "ok") refuse(connection, errc::corrupt_store, "is damaged: " + found);
}

}  // namespace

std::string sqlite_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw error(errc::invalid_argument, "the path of a SQLite file is empty or contains a NUL");
  }
  std::error_code failure;
  auto result = std::filesystem::weakly_canonical(std::filesystem::absolute(path), failure);
  return failure ? std::filesystem::absolute(path).string() : result.string();
}

std::unique_ptr<sqlite_connection> open_sqlite_writer(const std::string& path,
                                                      const sqlite_open_options& options) {
  auto connection = std::make_unique<sqlite_connection>(path, sqlite_connection::access::create);
  // Nothing is written before it is known whose file this is.
  if (!is_new(*connection)) check_identity(*connection);
  if (const auto mode = connection->text("PRAGMA journal_mode = WAL"); mode != "wal") {
    refuse(*connection, errc::store_failed,
           "cannot use a write-ahead log (got '" + mode +
               "'); put it on a local file system that allows shared memory");
  }
  connection->execute(options.power_safe ? "PRAGMA synchronous = FULL"
                                         : "PRAGMA synchronous = NORMAL");
  // A long transaction must not leave a long -wal file behind for ever.
  connection->execute("PRAGMA journal_size_limit = 67108864; PRAGMA cell_size_check = ON");
  {
    sqlite_transaction transaction(*connection, sqlite_transaction::kind::write);
    if (is_new(*connection)) connection->execute(schema);
    check_identity(*connection);
    transaction.commit();
  }
  if (options.check) check_content(*connection);
  return connection;
}

std::unique_ptr<sqlite_connection> open_sqlite_reader(const std::string& path) {
  auto connection = std::make_unique<sqlite_connection>(path, sqlite_connection::access::read);
  check_identity(*connection);
  connection->execute("PRAGMA query_only = ON; PRAGMA cell_size_check = ON");
  return connection;
}

}  // namespace mcp::store
