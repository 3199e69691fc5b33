#include "store/postgres_reader.hpp"

#include "store/columns.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <utility>

namespace mcp::store::postgres {
namespace {

checkpoint_id id_at(const postgres_result& rows, int row, int column) {
  return {static_cast<std::uint64_t>(rows.maybe(row, column).value_or(0))};
}
std::int64_t clamp(std::size_t limit, std::size_t most) {
  return static_cast<std::int64_t>(std::min(limit, most));
}

[[noreturn]] void damaged(const std::string& what) {
  throw error{errc::corrupt_store, "the PostgreSQL store is damaged: " + what};
}

#define MCP_RUN_FIELDS "r.run_id,t.name,r.graph,r.status,r.body,r.error,r.created,r.updated"

run_record run_at(const postgres_result& rows, int row) {
  return {.run_id = rows.text(row, 0),
          .thread_id = rows.text(row, 1),
          .graph = rows.text(row, 2),
          .status = static_cast<run_status>(rows.integer(row, 3)),
          .body = rows.text(row, 4),
          .error = rows.text(row, 5),
          .created = to_time(rows.integer(row, 6)),
          .updated = to_time(rows.integer(row, 7))};
}

std::optional<run_record> first_run(const postgres_result& rows) {
  if (rows.rows() == 0) return std::nullopt;
  return run_at(rows, 0);
}

#define MCP_INFO_FIELDS "c.id,c.parent,c.base,c.step,c.source,c.run_id,c.created"

/// From column `first` on.
checkpoint_info info_at(const postgres_result& rows, int row, int first, const std::string& ns) {
  return {.ns = ns,
          .id = id_at(rows, row, first),
          .parent = id_at(rows, row, first + 1),
          .base = id_at(rows, row, first + 2),
          .step = rows.integer(row, first + 3),
          .source = static_cast<checkpoint_source>(rows.integer(row, first + 4)),
          .run_id = rows.text(row, first + 5),
          .created = to_time(rows.integer(row, first + 6))};
}

}  // namespace

std::optional<run_record> run(postgres_connection& from, const std::string& run_id) {
  static constexpr postgres_statement one{"run", "SELECT " MCP_RUN_FIELDS
                                                 " FROM runs r JOIN threads t ON t.id = r.thread "
                                                 "WHERE r.run_id = $1"};
  return first_run(from.query(one, run_id));
}

std::vector<run_record> runs(postgres_connection& from, const run_query& query) {
#define MCP_RUNS_WHERE                                                                  \
  "SELECT " MCP_RUN_FIELDS                                                              \
  " FROM runs r JOIN threads t ON t.id = r.thread "                                     \
  "WHERE ($1::bigint >> r.status::int) & 1 = 1 AND ($2::text IS NULL OR r.graph = $2) " \
  "AND ($4::text IS NULL OR t.name = $4) "                                              \
  "AND ($5::bigint = 0 OR NOT EXISTS(SELECT 1 FROM claims c WHERE c.thread = t.name)) "
  static constexpr postgres_statement all{"runs", MCP_RUNS_WHERE "ORDER BY r.id LIMIT $3::bigint"};
  static constexpr postgres_statement unfinished_only{
      "unfinished_runs", MCP_RUNS_WHERE "AND r.status <= 2 ORDER BY r.id LIMIT $3::bigint"};
#undef MCP_RUNS_WHERE
  constexpr std::int64_t every_status = 0b111111;
  constexpr std::int64_t unfinished_statuses = 0b000111;
  std::int64_t mask = query.statuses.empty() ? every_status : 0;
  for (const auto status : query.statuses) mask |= std::int64_t{1} << static_cast<unsigned>(status);
  const auto& statement = (mask & ~unfinished_statuses) == 0 ? unfinished_only : all;
  const auto rows = from.query(statement, mask, query.graph, clamp(query.limit, max_run_limit),
                               query.thread_id, std::int64_t{query.unclaimed ? 1 : 0});
  std::vector<run_record> result;
  for (int row = 0; row < rows.rows(); ++row) result.push_back(run_at(rows, row));
  return result;
}

std::optional<run_record> last_run(postgres_connection& from, const std::string& thread_id) {
  static constexpr postgres_statement last{"last_run",
                                           "SELECT " MCP_RUN_FIELDS
                                           " FROM threads t JOIN runs r ON r.thread = t.id "
                                           "WHERE t.name = $1 ORDER BY r.id DESC LIMIT 1"};
  return first_run(from.query(last, thread_id));
}

// One answer with four kinds of rows: the checkpoint, the bodies from it back to its base, the
// base's snapshot, and the journal.
std::optional<stored_checkpoint> load(postgres_connection& from, const std::string& thread_id,
                                      const std::string& ns, std::optional<checkpoint_id> id) {
  static constexpr postgres_statement whole{
      "load",
      "WITH RECURSIVE target AS (SELECT c.* FROM threads t JOIN namespaces n ON n.thread = t.id "
      "JOIN checkpoints c ON c.ns = n.id AND c.id = coalesce($3::bigint, n.head) "
      "WHERE t.name = $1 AND n.name = $2), "
      "chain(id, parent, body, depth) AS ("
      "SELECT id, parent, body, 0::bigint FROM target UNION ALL "
      "SELECT c.id, c.parent, c.body, k.depth + 1 FROM target t, chain k, checkpoints c "
      "WHERE c.ns = t.ns AND c.id = k.parent AND k.id IS DISTINCT FROM t.base "
      "AND k.parent IS DISTINCT FROM t.base) "
      "SELECT 0::bigint AS what, 0::bigint AS place, NULL::bytea AS key, NULL::bytea AS body, "
      "0::bigint AS kind, " MCP_INFO_FIELDS
      " FROM target c "
      "UNION ALL SELECT 1, depth, NULL, body, 0, id, parent, NULL, 0, 0, '', 0 FROM chain "
      "UNION ALL SELECT 2, 0, NULL, s.snapshot, 0, 0, NULL, NULL, 0, 0, '', 0 "
      "FROM target t JOIN checkpoints s ON s.ns = t.ns AND s.id = t.base "
      "WHERE s.snapshot IS NOT NULL "
      "UNION ALL SELECT 3, j.seq, j.key, j.body, j.kind, 0, NULL, NULL, 0, 0, '', 0 "
      "FROM target t JOIN journal j ON j.ns = t.ns AND j.checkpoint = t.id ORDER BY 1, 2"};
  std::optional<std::int64_t> wanted;
  if (id) wanted = to_integer(*id);
  const auto rows = from.query(whole, thread_id, ns, wanted);
  if (rows.rows() == 0) return std::nullopt;
  stored_checkpoint found;
  found.info = info_at(rows, 0, 5, ns);
  checkpoint_id reached;
  bool snapshot = false;
  for (int row = 1; row < rows.rows(); ++row) {
    switch (rows.integer(row, 0)) {
      case 1:
        found.bodies.push_back(rows.text(row, 3));
        reached = id_at(rows, row, 6);
        break;
      case 2:
        found.snapshot = rows.text(row, 3);
        snapshot = true;
        break;
      default:
        found.journal.push_back({static_cast<journal_kind>(rows.integer(row, 4)), rows.text(row, 2),
                                 rows.text(row, 3)});
    }
  }
  std::reverse(found.bodies.begin(), found.bodies.end());
  if (found.info.base != found.info.id && reached != found.info.base) {
    damaged("checkpoint " + reached.text() + " is missing");
  }
  if (found.info.base && !snapshot) {
    damaged("snapshot " + found.info.base.text() + " is missing");
  }
  return found;
}

std::optional<std::string> body(postgres_connection& from, const std::string& thread_id,
                                const std::string& ns, checkpoint_id id) {
  static constexpr postgres_statement one{
      "body",
      "SELECT c.body FROM threads t JOIN namespaces n ON n.thread = t.id "
      "JOIN checkpoints c ON c.ns = n.id WHERE t.name = $1 AND n.name = $2 AND c.id = $3::bigint"};
  const auto rows = from.query(one, thread_id, ns, to_integer(id));
  if (rows.rows() == 0) return std::nullopt;
  return rows.text(0, 0);
}

std::vector<checkpoint_info> history(postgres_connection& from, const std::string& thread_id,
                                     const std::string& ns, const history_query& query) {
  static constexpr postgres_statement list{
      "history",
      "SELECT " MCP_INFO_FIELDS
      " FROM threads t JOIN namespaces n ON n.thread = t.id JOIN checkpoints c ON c.ns = n.id "
      "WHERE t.name = $1 AND n.name = $2 AND ($3::bigint IS NULL OR c.id < $3) "
      "AND ($4::bigint IS NULL OR c.source = $4) AND ($5::bigint IS NULL OR c.step = $5) "
      "AND ($6::text IS NULL OR c.run_id = $6) ORDER BY c.id DESC LIMIT $7::bigint"};
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> source;
  if (query.before) {
    before = static_cast<std::int64_t>(std::min(query.before->value, max_checkpoint_id));
  }
  if (query.source) source = static_cast<std::int64_t>(*query.source);
  const auto rows = from.query(list, thread_id, ns, before, source, query.step, query.run_id,
                               clamp(query.limit, max_history_limit));
  std::vector<checkpoint_info> result;
  for (int row = 0; row < rows.rows(); ++row) result.push_back(info_at(rows, row, 0, ns));
  return result;
}

std::vector<std::string> namespaces(postgres_connection& from, const std::string& thread_id) {
  static constexpr postgres_statement list{
      "namespaces",
      "SELECT n.name FROM threads t JOIN namespaces n ON n.thread = t.id WHERE t.name = $1 "
      "ORDER BY n.name"};
  const auto rows = from.query(list, thread_id);
  std::vector<std::string> result;
  for (int row = 0; row < rows.rows(); ++row) result.push_back(rows.text(row, 0));
  return result;
}

std::vector<std::string> servers(postgres_connection& from) {
  static constexpr postgres_statement list{"servers", "SELECT name FROM servers ORDER BY name, id"};
  const auto rows = from.query(list);
  std::vector<std::string> result;
  for (int row = 0; row < rows.rows(); ++row) result.push_back(rows.text(row, 0));
  return result;
}

std::vector<thread_info> threads(postgres_connection& from, std::size_t limit) {
  static constexpr postgres_statement list{
      "threads",
      "SELECT t.name, t.created, greatest(t.updated, (SELECT max(n.updated) FROM namespaces n "
      "WHERE n.thread = t.id)) AS latest, t.expires FROM threads t "
      "ORDER BY latest, t.name LIMIT $1::bigint"};
  const auto rows = from.query(list, clamp(limit, static_cast<std::size_t>(INT64_MAX)));
  std::vector<thread_info> result;
  for (int row = 0; row < rows.rows(); ++row) {
    thread_info one{rows.text(row, 0), to_time(rows.integer(row, 1)), to_time(rows.integer(row, 2)),
                    std::nullopt};
    if (const auto expires = rows.maybe(row, 3)) one.expires = to_time(*expires);
    result.push_back(std::move(one));
  }
  return result;
}

// $1: the time now; $2, $3: the graph whose threads are over when idle since then, or NULL.
#define MCP_OVER                                                                                 \
  "FROM threads t WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread = t.id AND r.status <= " \
  "2) AND (t.expires <= $1::bigint OR (t.expires IS NULL AND t.updated <= $3::bigint AND "       \
  "NOT EXISTS (SELECT 1 FROM namespaces n WHERE n.thread = t.id AND n.updated > $3::bigint) "    \
  "AND EXISTS (SELECT 1 FROM runs r WHERE r.thread = t.id AND r.graph = $2) AND "                \
  "NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread = t.id AND (r.graph <> $2 OR r.updated > "    \
  "$3::bigint))))"

std::vector<std::string> over(postgres_connection& from, const sweep_query& query) {
  static constexpr postgres_statement list{"threads_over",
                                           "SELECT t.name " MCP_OVER " LIMIT $4::bigint"};
  const auto rows = from.query(list, to_integer(query.now), query.graph.value_or(std::string{}),
                               query.graph ? to_integer(query.idle_since) : std::nullopt,
                               clamp(query.limit, static_cast<std::size_t>(INT64_MAX)));
  std::vector<std::string> found;
  for (int row = 0; row < rows.rows(); ++row) found.push_back(rows.text(row, 0));
  return found;
}

std::optional<std::int64_t> find_over(postgres_connection& from, const sweep_query& query,
                                      const std::string& thread_id) {
  static constexpr postgres_statement find{"thread_over",
                                           "SELECT t.id " MCP_OVER " AND t.name = $4 FOR UPDATE"};
  const auto rows =
      from.query(find, to_integer(query.now), query.graph.value_or(std::string{}),
                 query.graph ? to_integer(query.idle_since) : std::nullopt, thread_id);
  if (rows.rows() == 0) return std::nullopt;
  return rows.integer(0, 0);
}

#undef MCP_OVER

std::vector<space_nodes> lock_nodes(postgres_connection& from, const std::string& thread_id) {
  static constexpr postgres_statement spaces{
      "lock_spaces",
      "SELECT n.id, n.name FROM threads t JOIN namespaces n ON n.thread = t.id WHERE t.name = $1 "
      "ORDER BY n.name FOR UPDATE OF n"};
  static constexpr postgres_statement nodes{
      "nodes",
      "SELECT c.id, c.parent, (c.base IS NOT DISTINCT FROM c.id)::int::bigint, "
      "EXISTS(SELECT 1 FROM journal q WHERE q.ns = c.ns AND q.checkpoint = c.id AND q.kind = 2 "
      "AND NOT EXISTS(SELECT 1 FROM journal a WHERE a.ns = q.ns AND a.checkpoint = q.checkpoint "
      "AND a.kind = 3 AND a.key = q.key))::int::bigint "
      "FROM checkpoints c WHERE c.ns = $1::bigint ORDER BY c.id"};
  static_assert(static_cast<int>(journal_kind::interrupt) == 2);
  static_assert(static_cast<int>(journal_kind::answer) == 3);
  const auto found = from.query(spaces, thread_id);
  std::vector<space_nodes> result;
  for (int row = 0; row < found.rows(); ++row) {
    space_nodes one{found.integer(row, 0), {found.text(row, 1), {}}};
    const auto rows = from.query(nodes, one.space);
    for (int i = 0; i < rows.rows(); ++i) {
      one.nodes.nodes.push_back(
          {id_at(rows, i, 0), id_at(rows, i, 1), rows.integer(i, 2) != 0, rows.integer(i, 3) != 0});
    }
    result.push_back(std::move(one));
  }
  return result;
}

#undef MCP_RUN_FIELDS
#undef MCP_INFO_FIELDS

}  // namespace mcp::store::postgres
