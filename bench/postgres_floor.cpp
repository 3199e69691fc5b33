#include "floors.hpp"

#include <stdexcept>
#include <string>

#include <libpq-fe.h>

namespace bench {
namespace {

void check(PGconn* connection, bool fine, const char* what) {
  if (fine) return;
  throw std::runtime_error(std::string("PostgreSQL, ") + what + ": " + PQerrorMessage(connection));
}

void run(PGconn* connection, const char* sql) {
  auto* result = PQexec(connection, sql);
  const bool fine = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  check(connection, fine, sql);
}

}  // namespace

struct postgres_floor::parts {
  parts(const std::string& target, const insert_options& wanted)
      : options(wanted), content(wanted.row_bytes, 'x'), connection(PQconnectdb(target.c_str())) {
    check(connection, PQstatus(connection) == CONNECTION_OK, "connect");
    run(connection, "DROP TABLE IF EXISTS floor_log");
    run(connection,
        "CREATE TABLE floor_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)");
    PQclear(
        PQprepare(connection, "insert", "INSERT INTO floor_log (body) VALUES ($1)", 1, nullptr));
  }
  ~parts() { PQfinish(connection); }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  void insert_batch() const {
    const char* values = content.data();
    const int length = static_cast<int>(content.size());
    const int binary = 1;
    check(connection, PQenterPipelineMode(connection) == 1, "pipeline");
    PQsendQueryParams(connection, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 0);
    for (std::size_t i = 0; i < options.batch; ++i) {
      PQsendQueryPrepared(connection, "insert", 1, &values, &length, &binary, 1);
    }
    PQsendQueryParams(connection, "COMMIT", 0, nullptr, nullptr, nullptr, nullptr, 0);
    check(connection, PQpipelineSync(connection) == 1, "sync");
    for (bool over = false; !over;) {
      auto* result = PQgetResult(connection);
      over = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
      PQclear(result);
    }
    check(connection, PQexitPipelineMode(connection) == 1, "end of pipeline");
  }

  insert_options options;
  std::string content;
  PGconn* connection;
};

postgres_floor::postgres_floor(const std::string& target, const insert_options& options)
    : parts_(std::make_unique<parts>(target, options)) {}
postgres_floor::~postgres_floor() = default;

void postgres_floor::insert(std::uint64_t transactions) {
  for (; transactions > 0; --transactions) parts_->insert_batch();
}

void postgres_floor::clear() {
  run(parts_->connection, "TRUNCATE floor_log");
}

}  // namespace bench
