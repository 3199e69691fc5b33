#include "store/memory_rules.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_rows.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace mcp {
namespace {

using std::chrono::milliseconds;
using store::sqlite_connection;
using store::sqlite_query;
using store::sqlite_statement;
using store::sqlite_transaction;

// `place` is the namespace with its labels joined by '.'. The index of texts has no copy of them:
// the text of an item is made again from its value when the item leaves the index.
constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS memory(id INTEGER PRIMARY KEY, place TEXT NOT NULL, key TEXT NOT NULL,
  value TEXT NOT NULL, created INTEGER, updated INTEGER, expires INTEGER, ttl INTEGER,
  indexed INTEGER, UNIQUE(place, key));
CREATE INDEX IF NOT EXISTS memory_expiring ON memory(expires) WHERE expires IS NOT NULL;
CREATE VIRTUAL TABLE IF NOT EXISTS memory_text USING fts5(text, content='', tokenize='unicode61');
)sql";

#define MCP_MEMORY_COLUMNS \
  "m.id,m.place,m.key,m.value,m.created,m.updated,m.expires,m.ttl,m.indexed"
// ?1: the time now; ?2: the prefix. '/' follows '.', so it ends the namespaces below the prefix.
#define MCP_MEMORY_WHERE                       \
  "(m.expires IS NULL OR m.expires > ?1) AND " \
  "(?2 = '' OR m.place = ?2 OR (m.place > ?2 || '.' AND m.place < ?2 || '/')) "

struct memory_row {
  std::int64_t id = 0;
  memory_item item{};
  std::optional<milliseconds> ttl{};
  bool indexed = false;
};

memory_row read_row(const sqlite_query& query) {
  memory_row row;
  row.id = query.integer(0);
  row.item.ns = store::split_namespace(query.bytes(1));
  row.item.key = query.text(2);
  row.item.value = query.text(3);
  row.item.created = store::to_time(query.integer(4));
  row.item.updated = store::to_time(query.integer(5));
  if (const auto expires = query.maybe(6)) row.item.expires = store::to_time(*expires);
  if (const auto ttl = query.maybe(7)) row.ttl = milliseconds{*ttl};
  row.indexed = query.integer(8) != 0;
  return row;
}

/// The words of a query as an FTS5 expression: quoted, so that nothing in them is an operator.
std::string match_expression(const std::string& text) {
  std::string result;
  for (const auto& word : store::words_of(text, max_memory_query_words)) {
    if (!result.empty()) result += " OR ";
    result += '"' + word + '"';
  }
  return result;
}

class sqlite_memory final : public memory_store {
 public:
  sqlite_memory(const std::string& path, memory_options options)
      : options_(std::move(options)), connection_(open(store::sqlite_path(path))) {}

  [[nodiscard]] bool blocking() const noexcept override { return true; }

  void put(const memory_namespace& ns, const std::string& key, const std::string& value,
           const memory_put_options& put) override;
  std::optional<memory_item> get(const memory_namespace& ns, const std::string& key,
                                 bool refresh) override;
  bool remove(const memory_namespace& ns, const std::string& key) override;
  std::vector<memory_item> search(const memory_query& query) override;
  std::vector<memory_namespace> list_namespaces(const memory_namespace_query& query) override;
  std::size_t sweep(store_time now, std::size_t limit) override;

 private:
  static std::unique_ptr<sqlite_connection> open(const std::string& path) {
    auto connection = store::open_sqlite_writer(path, {});
    connection->execute(schema);
    return connection;
  }

  std::optional<memory_row> find(const std::string& place, const std::string& key) {
    sqlite_query query(find_, place, key);
    if (!query.next()) return std::nullopt;
    return read_row(query);
  }

  void add_text(std::int64_t id, const nlohmann::json& value) {
    sqlite_query(add_text_, id, store::searchable_text(value)).finish();
  }

  void erase(const memory_row& row) {
    unindex(row);
    sqlite_query(erase_, row.id).finish();
  }

  void unindex(const memory_row& row) {
    if (!row.indexed) return;
    sqlite_query(drop_text_, row.id, store::searchable_text(store::stored_memory_value(row.item.value))).finish();
  }

  [[nodiscard]] bool refreshes(const memory_row& row, bool refresh) const {
    return refresh && options_.refresh_on_read && row.ttl;
  }

  void refresh(memory_row& row, store_time now) {
    row.item.expires = store::expiry(now, *row.ttl);
    // By its name: the row may be another item's by now.
    const auto place = store::join_namespace(row.item.ns);
    sqlite_query(expire_, store::to_integer(row.item.expires), place, row.item.key).finish();
  }

  std::vector<memory_row> matches(const memory_query& query, store_time now);

  memory_options options_;
  std::mutex mutex_;
  std::unique_ptr<sqlite_connection> connection_;
  sqlite_statement find_{*connection_,
                         "SELECT " MCP_MEMORY_COLUMNS " FROM memory m WHERE place = ? AND key = ?"};
  sqlite_statement insert_{
      *connection_,
      "INSERT INTO memory(place,key,value,created,updated,expires,ttl,indexed) "
      "VALUES(?,?,?,?,?,?,?,?)"};
  sqlite_statement update_{*connection_,
                           "UPDATE memory SET value = ?, created = ?, updated = ?, expires = ?, "
                           "ttl = ?, indexed = ? WHERE id = ?"};
  sqlite_statement erase_{*connection_, "DELETE FROM memory WHERE id = ?"};
  sqlite_statement expire_{*connection_,
                           "UPDATE memory SET expires = ? WHERE place = ? AND key = ? "
                           "AND ttl IS NOT NULL"};
  sqlite_statement over_{
      *connection_, "SELECT " MCP_MEMORY_COLUMNS " FROM memory m WHERE m.expires <= ? LIMIT ?"};
  sqlite_statement newest_{*connection_, "SELECT " MCP_MEMORY_COLUMNS
                                         ",NULL FROM memory m WHERE " MCP_MEMORY_WHERE
                                         "ORDER BY m.updated DESC,m.place,m.key"};
  sqlite_statement by_text_{*connection_,
                            "SELECT " MCP_MEMORY_COLUMNS
                            ",-rank FROM memory_text JOIN memory m "
                            "ON m.id = memory_text.rowid WHERE memory_text MATCH ?3 "
                            "AND " MCP_MEMORY_WHERE "ORDER BY rank,m.updated DESC,m.place,m.key"};
  sqlite_statement places_{
      *connection_, "SELECT DISTINCT place FROM memory WHERE expires IS NULL OR expires > ?"};
  sqlite_statement add_text_{*connection_, "INSERT INTO memory_text(rowid,text) VALUES(?,?)"};
  sqlite_statement drop_text_{*connection_,
                              "INSERT INTO memory_text(memory_text,rowid,text) "
                              "VALUES('delete',?,?)"};
};

void sqlite_memory::put(const memory_namespace& ns, const std::string& key,
                        const std::string& value, const memory_put_options& put) {
  store::check_memory_namespace(ns, false);
  store::check_memory_key(key);
  const auto ttl = store::memory_ttl(options_, put);
  const auto parsed = store::parse_memory_value(value, options_.max_value_bytes);
  const auto place = store::join_namespace(ns);
  const auto now = store::memory_now(options_);
  std::optional<std::int64_t> expires;
  std::optional<std::int64_t> lifetime;
  if (ttl) {
    expires = store::to_integer(store::expiry(now, *ttl));
    lifetime = ttl->count();
  }
  const std::int64_t indexed = put.index ? 1 : 0;
  const std::lock_guard lock(mutex_);
  sqlite_transaction transaction(*connection_, sqlite_transaction::kind::write);
  auto row = find(place, key);
  if (row) {
    const bool over = row->item.expires && *row->item.expires <= now;
    const auto created = over ? now : row->item.created;
    unindex(*row);
    sqlite_query(update_, value, store::to_integer(created), store::to_integer(now), expires,
                 lifetime, indexed, row->id)
        .finish();
  } else {
    row.emplace();
    sqlite_query(insert_, place, key, value, store::to_integer(now), store::to_integer(now),
                 expires, lifetime, indexed)
        .finish();
    row->id = connection_->last_row();
  }
  if (put.index) add_text(row->id, parsed);
  transaction.commit();
}

std::optional<memory_item> sqlite_memory::get(const memory_namespace& ns, const std::string& key,
                                              bool refresh_it) {
  store::check_memory_namespace(ns, false);
  const auto now = store::memory_now(options_);
  const std::lock_guard lock(mutex_);
  auto row = find(store::join_namespace(ns), key);
  if (!row || (row->item.expires && *row->item.expires <= now)) return std::nullopt;
  if (refreshes(*row, refresh_it)) refresh(*row, now);
  return std::move(row->item);
}

bool sqlite_memory::remove(const memory_namespace& ns, const std::string& key) {
  store::check_memory_namespace(ns, false);
  const auto now = store::memory_now(options_);
  const std::lock_guard lock(mutex_);
  sqlite_transaction transaction(*connection_, sqlite_transaction::kind::write);
  const auto row = find(store::join_namespace(ns), key);
  if (!row) return false;
  erase(*row);
  transaction.commit();
  return !row->item.expires || *row->item.expires > now;
}

std::vector<memory_row> sqlite_memory::matches(const memory_query& query, store_time now) {
  constexpr int score_column = 9;
  std::vector<memory_row> result;
  const store::memory_filters filters(query.filters);
  const auto limit = std::min(query.limit, max_memory_limit);
  const auto collect = [&](sqlite_query rows) {
    std::size_t passed = 0;
    while (result.size() < limit && rows.next()) {
      auto row = read_row(rows);
      if (!filters.empty() && !filters.match(store::stored_memory_value(row.item.value))) continue;
      if (passed++ < query.offset) continue;
      if (!rows.null(score_column)) row.item.score = rows.real(score_column);
      result.push_back(std::move(row));
    }
  };
  const auto prefix = store::join_namespace(query.prefix);
  const auto time = store::to_integer(now);
  if (query.text.empty()) {
    collect(sqlite_query(newest_, time, prefix));
    return result;
  }
  const auto expression = match_expression(query.text);
  if (!expression.empty()) {
    collect(sqlite_query(by_text_, time, prefix, expression));
  }
  return result;
}

std::vector<memory_item> sqlite_memory::search(const memory_query& query) {
  store::check_memory_namespace(query.prefix, true);
  const auto now = store::memory_now(options_);
  const std::lock_guard lock(mutex_);
  auto rows = matches(query, now);
  std::vector<memory_item> result;
  const bool change = std::any_of(rows.begin(), rows.end(), [&](const memory_row& row) {
    return refreshes(row, query.refresh);
  });
  if (change) {
    sqlite_transaction transaction(*connection_, sqlite_transaction::kind::write);
    for (auto& row : rows) {
      if (refreshes(row, query.refresh)) refresh(row, now);
    }
    transaction.commit();
  }
  for (auto& row : rows) result.push_back(std::move(row.item));
  return result;
}

std::vector<memory_namespace> sqlite_memory::list_namespaces(const memory_namespace_query& query) {
  const auto now = store::memory_now(options_);
  std::vector<memory_namespace> all;
  {
    const std::lock_guard lock(mutex_);
    sqlite_query rows(places_, store::to_integer(now));
    while (rows.next()) all.push_back(store::split_namespace(rows.bytes(0)));
  }
  return store::select_namespaces(std::move(all), query);
}

std::size_t sqlite_memory::sweep(store_time now, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  sqlite_transaction transaction(*connection_, sqlite_transaction::kind::write);
  std::vector<memory_row> rows;
  {
    sqlite_query query(over_, store::to_integer(now),
                       static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
    while (query.next()) rows.push_back(read_row(query));
  }
  for (const auto& row : rows) erase(row);
  transaction.commit();
  return rows.size();
}

}  // namespace

std::shared_ptr<memory_store> sqlite_memory_store(const std::string& path, memory_options options) {
  return std::make_shared<sqlite_memory>(path, std::move(options));
}

}  // namespace mcp
