#include "mcp/memory_store.hpp"
#include "store/columns.hpp"
#include "store/memory_rules.hpp"
#include "store/postgres_schema.hpp"
#include "store/postgres_session.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace mcp {
namespace store::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{60'000};
// PostgreSQL's limits of a tsvector are a little above: 1 MiB, 2 KiB a word, 256 places.
constexpr std::size_t most_index_bytes = 900'000;
constexpr std::size_t most_word_bytes = 2'000;
constexpr std::size_t most_counted = 64;

/// A word as tsvector and tsquery read it.
std::string quoted(const std::string& word) {
  std::string made = "'";
  for (const char c : word) {
    if (c == '\'' || c == '\\') made += c;
    made += c;
  }
  return made + "'";
}

/// The text of a tsvector: how often each word occurs is kept as so many places.
std::string index_of(const nlohmann::json& value) {
  std::map<std::string, std::size_t> counts;
  for (auto& word : store::words_of(store::searchable_text(value), SIZE_MAX)) {
    if (word.size() <= most_word_bytes) ++counts[std::move(word)];
  }
  std::string made;
  for (const auto& [word, count] : counts) {
    if (made.size() > most_index_bytes) break;
    made += quoted(word) + ':';
    for (std::size_t i = 1; i <= std::min(count, most_counted); ++i) {
      made += (i == 1 ? "" : ",") + std::to_string(i);
    }
    made += ' ';
  }
  return made;
}

std::string query_of(const std::string& text) {
  std::string made;
  for (const auto& word : store::words_of(text, max_memory_query_words)) {
    if (word.size() > most_word_bytes || !store::valid_utf8(word)) continue;
    made += (made.empty() ? "" : " | ") + quoted(word);
  }
  return made;
}

#define MCP_MEMORY_FIELDS "m.place,m.key,m.value,m.created,m.updated,m.expires,m.ttl"
// $1: the time now; $2: the prefix. '/' follows '.', so it ends the namespaces below the prefix.
#define MCP_MEMORY_FITS                                \
  "(m.expires IS NULL OR m.expires > $1::bigint) AND " \
  "($2::text = '' OR m.place = $2 OR (m.place > $2 || '.' AND m.place < $2 || '/')) "

struct memory_row {
  memory_item item{};
  std::optional<milliseconds> ttl{};
};

memory_row row_at(const postgres_result& rows, int row) {
  memory_row made;
  made.item.ns = store::split_namespace(rows.bytes(row, 0));
  made.item.key = rows.text(row, 1);
  made.item.value = rows.text(row, 2);
  made.item.created = to_time(rows.integer(row, 3));
  made.item.updated = to_time(rows.integer(row, 4));
  if (const auto expires = rows.maybe(row, 5)) made.item.expires = to_time(*expires);
  if (const auto ttl = rows.maybe(row, 6)) made.ttl = milliseconds{*ttl};
  return made;
}

class postgres_memory final : public memory_store {
 public:
  postgres_memory(const store::postgres_target& where, memory_options options)
      : options_(std::move(options)), session_(where) {
    auto once = where;
    once.patience = {};
    store::postgres_session{once}.use([&](postgres_connection& connection) {
      store::make_postgres_schema(connection, where.schema);
    });
  }

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
  /// With the one connection. All that is done here may be done twice.
  template <class Function>
  auto use(const Function& function) {
    const std::lock_guard lock{mutex_};
    return session_.use(function);
  }

  void refresh(postgres_connection& connection, memory_row& row, store_time now) {
    static constexpr postgres_statement expire{
        "memory_expire",
        "UPDATE memory SET expires = $3::bigint WHERE place = $1 AND key = $2 AND ttl IS NOT NULL"};
    row.item.expires = store::expiry(now, *row.ttl);
    connection.query(expire, store::join_namespace(row.item.ns), postgres_bytes{row.item.key},
                     to_integer(*row.item.expires));
  }
  [[nodiscard]] bool refreshes(const memory_row& row, bool refresh) const {
    return refresh && options_.refresh_on_read && row.ttl;
  }

  memory_options options_;
  std::mutex mutex_;
  store::postgres_session session_;
};

void postgres_memory::put(const memory_namespace& ns, const std::string& key,
                          const std::string& value, const memory_put_options& put) {
  // An item whose time is over is not there: the new one is made now.
  static constexpr postgres_statement upsert{
      "memory_put",
      "INSERT INTO memory AS m VALUES($1, $2, $3, $4::bigint, $4, $5::bigint, $6::bigint, "
      "$7::text::tsvector) ON CONFLICT (place, key) DO UPDATE SET value = excluded.value, "
      "created = CASE WHEN m.expires <= excluded.updated THEN excluded.updated ELSE m.created END, "
      "updated = excluded.updated, expires = excluded.expires, ttl = excluded.ttl, "
      "words = excluded.words"};
  store::check_memory_namespace(ns, false);
  store::check_memory_key(key);
  const auto ttl = store::memory_ttl(options_, put);
  const auto parsed = store::parse_memory_value(value, options_.max_value_bytes);
  const auto now = store::memory_now(options_);
  std::optional<std::int64_t> expires;
  std::optional<std::int64_t> lifetime;
  if (ttl) {
    expires = to_integer(store::expiry(now, *ttl));
    lifetime = ttl->count();
  }
  std::optional<std::string> words;
  if (put.index) words = index_of(parsed);
  const auto place = store::join_namespace(ns);
  use([&](postgres_connection& connection) {
    connection.query(upsert, place, postgres_bytes{key}, postgres_bytes{value}, to_integer(now),
                     expires, lifetime, words);
  });
}

std::optional<memory_item> postgres_memory::get(const memory_namespace& ns, const std::string& key,
                                                bool refresh_it) {
  static constexpr postgres_statement find{"memory_get",
                                           "SELECT " MCP_MEMORY_FIELDS
                                           " FROM memory m WHERE m.place = $1 AND m.key = $2 "
                                           "AND (m.expires IS NULL OR m.expires > $3::bigint)"};
  store::check_memory_namespace(ns, false);
  const auto now = store::memory_now(options_);
  const auto place = store::join_namespace(ns);
  return use([&](postgres_connection& connection) -> std::optional<memory_item> {
    const auto rows = connection.query(find, place, postgres_bytes{key}, to_integer(now));
    if (rows.rows() == 0) return std::nullopt;
    auto row = row_at(rows, 0);
    if (refreshes(row, refresh_it)) refresh(connection, row, now);
    return std::move(row.item);
  });
}

bool postgres_memory::remove(const memory_namespace& ns, const std::string& key) {
  static constexpr postgres_statement erase{
      "memory_remove",
      "DELETE FROM memory m WHERE m.place = $1 AND m.key = $2 "
      "RETURNING (m.expires IS NULL OR m.expires > $3::bigint)::int::bigint"};
  store::check_memory_namespace(ns, false);
  const auto now = store::memory_now(options_);
  const auto place = store::join_namespace(ns);
  return use([&](postgres_connection& connection) {
    const auto rows = connection.query(erase, place, postgres_bytes{key}, to_integer(now));
    return rows.rows() > 0 && rows.integer(0, 0) != 0;
  });
}

std::vector<memory_item> postgres_memory::search(const memory_query& query) {
  static constexpr postgres_statement newest{
      "memory_newest",
      "SELECT " MCP_MEMORY_FIELDS ",NULL::float8 FROM memory m WHERE " MCP_MEMORY_FITS
      "ORDER BY m.updated DESC, m.place, m.key LIMIT $3::bigint OFFSET $4::bigint"};
  static constexpr postgres_statement by_text{
      "memory_by_text", "SELECT " MCP_MEMORY_FIELDS
                        ",ts_rank(m.words, $5::text::tsquery, 1)::float8 AS score "
                        "FROM memory m WHERE m.words @@ $5::text::tsquery AND " MCP_MEMORY_FITS
                        "ORDER BY score DESC, m.updated DESC, m.place, m.key "
                        "LIMIT $3::bigint OFFSET $4::bigint"};
  constexpr int score_column = 7;
  store::check_memory_namespace(query.prefix, true);
  const auto now = store::memory_now(options_);
  const store::memory_filters filters(query.filters);
  const auto prefix = store::join_namespace(query.prefix);
  const auto words = query_of(query.text);
  if (!query.text.empty() && words.empty()) return {};
  const auto limit = std::min(query.limit, max_memory_limit);
  // Filters are ours, so with them the database cannot count.
  const auto fetched = filters.empty() ? static_cast<std::int64_t>(limit) : INT64_MAX;
  const auto skipped =
      filters.empty() ? static_cast<std::int64_t>(std::min<std::size_t>(query.offset, INT32_MAX))
                      : 0;
  return use([&](postgres_connection& connection) {
    std::vector<memory_item> result;
    const auto rows =
        words.empty() ? connection.query(newest, to_integer(now), prefix, fetched, skipped)
                      : connection.query(by_text, to_integer(now), prefix, fetched, skipped, words);
    std::size_t passed = 0;
    for (int i = 0; i < rows.rows() && result.size() < limit; ++i) {
      auto row = row_at(rows, i);
      if (!filters.empty()) {
        if (!filters.match(store::stored_memory_value(row.item.value))) continue;
        if (passed++ < query.offset) continue;
      }
      if (!rows.null(i, score_column)) row.item.score = rows.real(i, score_column);
      if (refreshes(row, query.refresh)) refresh(connection, row, now);
      result.push_back(std::move(row.item));
    }
    return result;
  });
}

std::vector<memory_namespace> postgres_memory::list_namespaces(
    const memory_namespace_query& query) {
  static constexpr postgres_statement places{
      "memory_places",
      "SELECT DISTINCT place FROM memory WHERE expires IS NULL OR expires > $1::bigint"};
  const auto now = store::memory_now(options_);
  auto all = use([&](postgres_connection& connection) {
    const auto rows = connection.query(places, to_integer(now));
    std::vector<memory_namespace> found;
    for (int i = 0; i < rows.rows(); ++i) found.push_back(store::split_namespace(rows.bytes(i, 0)));
    return found;
  });
  return store::select_namespaces(std::move(all), query);
}

std::size_t postgres_memory::sweep(store_time now, std::size_t limit) {
  static constexpr postgres_statement over{
      "memory_sweep",
      "DELETE FROM memory WHERE (place, key) IN (SELECT place, key FROM memory WHERE expires <= "
      "$1::bigint LIMIT $2::bigint FOR UPDATE SKIP LOCKED) RETURNING 1::bigint"};
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX));
  return use([&](postgres_connection& connection) {
    return static_cast<std::size_t>(connection.query(over, to_integer(now), most).rows());
  });
}

#undef MCP_MEMORY_FIELDS
#undef MCP_MEMORY_FITS

}  // namespace
}  // namespace store::postgres

std::shared_ptr<memory_store> postgres_memory_store(const std::string& target,
                                                    memory_options options,
                                                    const std::string& schema) {
  store::check_postgres_schema(schema);
  return std::make_shared<store::postgres::postgres_memory>(
      store::postgres_target{target, schema, store::postgres_place(target),
                             store::postgres::patience},
      std::move(options));
}

}  // namespace mcp
