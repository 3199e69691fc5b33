#include "store/postgres_connection.hpp"

#include <bit>
#include <cstring>
#include <map>
#include <utility>

#include <libpq-fe.h>

namespace mcp::store {
namespace {

constexpr int binary = 1;

std::uint64_t swapped(std::uint64_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) return value;
  return __builtin_bswap64(value);
}

std::string trimmed(const char* text) {
  std::string result = text == nullptr ? "" : text;
  while (!result.empty() && (result.back() == '\n' || result.back() == ' ')) result.pop_back();
  return result;
}

std::string field(const PGresult* result, int which) {
  return trimmed(PQresultErrorField(result, which));
}

/// The target with what a member of a cluster needs, under what the user says.
std::map<std::string, std::string> settings_of(const std::string& target) {
  std::map<std::string, std::string> all{
      {"connect_timeout", "10"}, {"tcp_user_timeout", "10000"},
      {"keepalives_idle", "5"},  {"keepalives_interval", "2"},
      {"keepalives_count", "3"}, {"fallback_application_name", "fastmcp"}};
  // What libpq says of it may repeat a part of it.
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
      PQconninfoParse(target.c_str(), nullptr), &PQconninfoFree};
  if (!options) {
    throw error{
        errc::invalid_argument,
        "the PostgreSQL target cannot be read; write postgresql://USER@HOST:PORT/DATABASE, "
        "or host=HOST port=PORT dbname=DATABASE user=USER (it is not shown here, for it may "
        "hold a password)"};
  }
  for (const auto* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr) all[one->keyword] = one->val;
  }
  return all;
}

}  // namespace

bool postgres_failure::connection_lost() const noexcept {
  // 57P: the server is told to stop, or starts; 08: the protocol's own connection failures.
  return state.empty() || state.starts_with("57P") || state.starts_with("08");
}

bool postgres_failure::passing() const noexcept {
  return state == "40001" || state == "40P01";
}

error postgres_failure::as_error(const std::string& place) const {
  const bool full = state == "53100";
  const bool damaged = state == "XX001" || state == "XX002";
  const bool text = state == "22021";  // not in the database's encoding
  const auto code = full      ? errc::store_full
                    : damaged ? errc::corrupt_store
                    : text    ? errc::invalid_argument
                              : errc::store_failed;
  return error{code, "PostgreSQL (" + place + "): " + message +
                         (state.empty() ? "" : " (SQLSTATE " + state + ")")};
}

// Results and values ------------------------------------------------------------------------------

postgres_result::postgres_result(pg_result* result) : result_(result, &PQclear) {}

int postgres_result::rows() const noexcept {
  return PQntuples(result_.get());
}
bool postgres_result::null(int row, int column) const noexcept {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::int64_t postgres_result::integer(int row, int column) const noexcept {
  std::uint64_t value = 0;
  if (PQgetlength(result_.get(), row, column) == sizeof value) {
    std::memcpy(&value, PQgetvalue(result_.get(), row, column), sizeof value);
  }
  return static_cast<std::int64_t>(swapped(value));
}

std::optional<std::int64_t> postgres_result::maybe(int row, int column) const noexcept {
  if (null(row, column)) return std::nullopt;
  return integer(row, column);
}

double postgres_result::real(int row, int column) const noexcept {
  return std::bit_cast<double>(integer(row, column));
}

std::string_view postgres_result::bytes(int row, int column) const noexcept {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

void postgres_values::add(std::int64_t number) {
  value made;
  const auto bits = swapped(static_cast<std::uint64_t>(number));
  std::memcpy(made.number.data(), &bits, sizeof bits);
  made.integer = true;
  values_.push_back(made);
}

void postgres_values::add(const std::optional<std::int64_t>& number) {
  if (number) return add(*number);
  values_.push_back({{}, {}, true, false});
}

void postgres_values::add(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw error{errc::invalid_argument, "a name contains a NUL, which PostgreSQL cannot keep: \"" +
                                            std::string{text.substr(0, text.find('\0'))} +
                                            "\\0…\""};
  }
  values_.push_back({{}, text, false, false});
}

void postgres_values::add(const std::optional<std::string>& text) {
  if (text) return add(std::string_view{*text});
  values_.push_back({{}, {}, true, false});
}

void postgres_values::add(const std::optional<postgres_bytes>& bytes) {
  if (bytes) return add(*bytes);
  values_.push_back({{}, {}, true, false});
}

// The connection ----------------------------------------------------------------------------------

postgres_connection::postgres_connection(const std::string& target, const std::string& schema,
                                         const std::string& name) {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  auto settings = settings_of(target);
  if (!name.empty()) settings["application_name"] = name;
  for (const auto& [key, value] : settings) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(keys.data(), values.data(), 0), &PQfinish);
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw broken();
  execute("SET search_path TO \"" + schema +
          "\"; SET client_min_messages TO warning; SET client_encoding TO 'UTF8'");
}

postgres_failure postgres_connection::broken() const {
  auto why = trimmed(PQerrorMessage(connection_.get()));
  return {{}, why.empty() ? "the connection is gone" : std::move(why), {}, 0};
}

postgres_result postgres_connection::checked(pg_result* result) const {
  if (result == nullptr) throw broken();
  postgres_result owned{result};
  const auto status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC) {
    return owned;
  }
  postgres_failure failed{field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY),
                          field(result, PG_DIAG_MESSAGE_DETAIL), 0};
  if (PQstatus(connection_.get()) != CONNECTION_OK) failed.state.clear();
  if (failed.message.empty()) failed.message = broken().message;
  throw failed;
}

postgres_result postgres_connection::execute(const std::string& sql) {
  return checked(PQexec(connection_.get(), sql.c_str()));
}

void postgres_connection::prepare(const postgres_statement& statement) {
  if (prepared_.contains(statement.name)) return;
  checked(PQprepare(connection_.get(), statement.name, statement.sql, 0, nullptr));
  prepared_.insert(statement.name);
}

namespace {

/// The values as libpq wants them.
struct parameters {
  std::vector<const char*> values{};
  std::vector<int> lengths{};
  std::vector<int> formats{};
};

template <class Values>
parameters parameters_of(const Values& given) {
  parameters made;
  for (const auto& one : given) {
    const auto text =
        one.integer ? std::string_view{one.number.data(), one.number.size()} : one.text;
    if (text.size() > INT32_MAX) {
      throw error{errc::too_large, "a value has more than 2 GiB, PostgreSQL's limit"};
    }
    // An empty value must not be a null one.
    const char* start = text.data() == nullptr ? "" : text.data();
    made.values.push_back(one.null ? nullptr : start);
    made.lengths.push_back(static_cast<int>(text.size()));
    made.formats.push_back(binary);
  }
  return made;
}

}  // namespace

postgres_result postgres_connection::run(const postgres_statement& statement,
                                         const postgres_values& values) {
  prepare(statement);
  const auto given = parameters_of(values.values_);
  return checked(PQexecPrepared(connection_.get(), statement.name,
                                static_cast<int>(given.values.size()), given.values.data(),
                                given.lengths.data(), given.formats.data(), binary));
}

void postgres_connection::begin_pipeline() {
  static constexpr postgres_statement begin{"begin", "BEGIN"};
  static constexpr postgres_statement commit{"commit", "COMMIT"};
  prepare(begin);
  prepare(commit);
  if (PQenterPipelineMode(connection_.get()) != 1) throw broken();
  put(begin, postgres_values{});
}

void postgres_connection::put(const postgres_statement& statement, const postgres_values& values) {
  const auto given = parameters_of(values.values_);
  if (PQsendQueryPrepared(connection_.get(), statement.name, static_cast<int>(given.values.size()),
                          given.values.data(), given.lengths.data(), given.formats.data(),
                          binary) != 1) {
    throw broken();
  }
}

void postgres_connection::end_pipeline() {
  put({"commit", "COMMIT"}, postgres_values{});
  if (PQpipelineSync(connection_.get()) != 1) throw broken();
  std::optional<postgres_failure> failed;
  for (std::size_t index = 0;;) {
    auto* result = PQgetResult(connection_.get());
    if (result == nullptr) {  // ends a statement's results
      if (PQstatus(connection_.get()) != CONNECTION_OK) throw broken();
      ++index;
      continue;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
      PQclear(result);
      break;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
      PQclear(result);
      continue;
    }
    try {
      checked(result);
    } catch (postgres_failure& what) {
      if (what.connection_lost()) throw;
      what.index = index;
      if (!failed) failed = std::move(what);
    }
  }
  if (PQexitPipelineMode(connection_.get()) != 1) throw broken();
  if (!failed) return;
  execute("ROLLBACK");
  throw std::move(*failed);
}

bool postgres_connection::take_notifications() {
  if (PQconsumeInput(connection_.get()) != 1) throw broken();
  bool any = false;
  while (auto* one = PQnotifies(connection_.get())) {
    PQfreemem(one);
    any = true;
  }
  return any;
}

int postgres_connection::socket() const noexcept {
  return PQsocket(connection_.get());
}

// Transactions ------------------------------------------------------------------------------------

postgres_transaction::postgres_transaction(postgres_connection& connection, kind how)
    : connection_(connection) {
  connection_.execute(how == kind::read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                        : "BEGIN");
}

postgres_transaction::~postgres_transaction() {
  if (!open_) return;
  try {
    connection_.execute("ROLLBACK");
  } catch (...) {  // with its connection
  }
}

void postgres_transaction::commit() {
  connection_.execute("COMMIT");
  open_ = false;
}

std::string postgres_place(const std::string& target) {
  const auto settings = settings_of(target);
  std::string place;
  for (const auto* key : {"host", "hostaddr", "port", "dbname", "user"}) {
    const auto found = settings.find(key);
    if (found == settings.end()) continue;
    place += (place.empty() ? "" : " ") + std::string{key} + "=" + found->second;
  }
  return place.empty() ? "the environment's" : place;
}

}  // namespace mcp::store
