#include "floors.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace bench {
namespace {

void check(sqlite3* database, int code, const char* what) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  throw std::runtime_error(std::string("SQLite, ") + what + ": " + sqlite3_errmsg(database));
}

void run(sqlite3* database, const char* sql) {
  check(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr), sql);
}

void step(sqlite3* database, sqlite3_stmt* statement) {
  check(database, sqlite3_step(statement), "step");
  check(database, sqlite3_reset(statement), "reset");
}

}  // namespace

struct sqlite_floor::parts {
  explicit parts(const insert_options& wanted) : options(wanted), content(wanted.row_bytes, 'x') {
    check(database, sqlite3_open((folder.path() / "floor.db").c_str(), &database), "open");
    run(database, "PRAGMA journal_mode=WAL");
    run(database, options.sync_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    run(database, "CREATE TABLE log (id INTEGER PRIMARY KEY, run INTEGER, body BLOB)");
    prepare(begin, "BEGIN IMMEDIATE");
    prepare(insert, "INSERT INTO log (run, body) VALUES (?1, ?2)");
    prepare(commit, "COMMIT");
  }

  ~parts() {
    for (sqlite3_stmt* statement : {begin, insert, commit}) sqlite3_finalize(statement);
    sqlite3_close(database);
  }

  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  void prepare(sqlite3_stmt*& statement, const char* sql) {
    check(database,
          sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
          sql);
  }

  void insert_batch() {
    step(database, begin);
    for (std::size_t i = 0; i < options.batch; ++i) {
      sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(i));
      sqlite3_bind_blob64(insert, 2, content.data(), content.size(), SQLITE_STATIC);
      step(database, insert);
    }
    step(database, commit);
  }

  insert_options options;
  temporary_folder folder;
  std::vector<char> content;
  sqlite3* database = nullptr;
  sqlite3_stmt* begin = nullptr;
  sqlite3_stmt* insert = nullptr;
  sqlite3_stmt* commit = nullptr;
};

sqlite_floor::sqlite_floor(const insert_options& options)
    : parts_(std::make_unique<parts>(options)) {}
sqlite_floor::~sqlite_floor() = default;

void sqlite_floor::insert(std::uint64_t transactions) {
  for (; transactions > 0; --transactions) parts_->insert_batch();
}

void sqlite_floor::clear() {
  run(parts_->database, "DELETE FROM log");
  run(parts_->database, "PRAGMA wal_checkpoint(TRUNCATE)");
}

std::uint64_t sqlite_floor::file_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(parts_->folder.path())) {
    bytes += file.file_size();
  }
  return bytes;
}

}  // namespace bench
