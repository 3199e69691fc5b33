#include "store/sqlite_reader.hpp"

#include "store/sqlite_rows.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <utility>

namespace mcp::store {
namespace {

constexpr std::int64_t every_status = 0b111111;
constexpr std::int64_t unfinished_statuses = 0b000111;

std::int64_t mask_of(const std::vector<run_status>& statuses) {
  if (statuses.empty()) return every_status;
  std::int64_t mask = 0;
  for (const auto status : statuses) mask |= std::int64_t{1} << static_cast<unsigned>(status);
  return mask;
}

std::int64_t clamp(std::size_t limit, std::size_t most) {
  return static_cast<std::int64_t>(std::min(limit, most));
}

/// `next`, which must be older than `row`: a damaged link must not make a walk endless.
checkpoint_id earlier(const log_row& row, checkpoint_id next) {
  if (next >= row.checkpoint())
    refuse_damage("checkpoint " + row.checkpoint().text() + " has no order");
  return next;
}

}  // namespace

#define MCP_RUN_SELECT(index)                            \
  "SELECT " MCP_RUN_COLUMNS ",t.name FROM runs r " index \
  " JOIN threads t ON t.id = r.thread "                  \
  "WHERE r.status IS NOT NULL AND (?1 >> r.status) & 1 AND (?2 IS NULL OR r.graph = ?2) "

sqlite_reader::sqlite_reader(sqlite_connection& connection)
    : connection_(connection),
      thread_(connection, "SELECT id FROM threads WHERE name = ?"),
      namespace_(connection,
                 "SELECT " MCP_NAMESPACE_COLUMNS " FROM threads t JOIN namespaces n "
                 "ON n.thread = t.id WHERE t.name = ? AND n.name = ?"),
      run_(connection, "SELECT " MCP_RUN_COLUMNS
                       ",t.name FROM runs r JOIN threads t ON t.id = r.thread "
                       "WHERE r.run_id = ? AND r.status IS NOT NULL"),
      run_name_(connection, "SELECT " MCP_RUN_COLUMNS " FROM runs r WHERE r.id = ?"),
      all_runs_(connection, MCP_RUN_SELECT("NOT INDEXED") "ORDER BY r.id LIMIT ?3"),
      runs_of_thread_(connection,
                      MCP_RUN_SELECT("") "AND r.thread = (SELECT id FROM threads WHERE name = ?4) "
                                         "ORDER BY r.id LIMIT ?3"),
      last_run_(connection, "SELECT " MCP_RUN_COLUMNS
                            ",t.name FROM runs r JOIN threads t ON t.id = r.thread "
                            "WHERE r.status IS NOT NULL AND "
                            "r.thread = (SELECT id FROM threads WHERE name = ?) "
                            "ORDER BY r.id DESC LIMIT 1"),
      unfinished_runs_(connection, MCP_RUN_SELECT("INDEXED BY runs_unfinished")
                                       "AND r.status <= 2 ORDER BY r.id LIMIT ?3"),
      checkpoint_(connection, "SELECT " MCP_LOG_COLUMNS
                              " FROM log l WHERE l.id = ? AND l.ns = ? AND l.kind = 0"),
      snapshot_(connection, "SELECT " MCP_LOG_COLUMNS
                            " FROM log l WHERE l.id = ? AND l.ns = ? AND l.kind = 1"),
      journal_(connection, "SELECT " MCP_LOG_COLUMNS
                           " FROM log l WHERE l.id = ? AND l.ns = ? AND l.kind >= 2 "
                           "ORDER BY l.seq"),
      namespaces_(connection, "SELECT " MCP_NAMESPACE_COLUMNS
                              " FROM threads t JOIN namespaces n ON n.thread = t.id "
                              "WHERE t.name = ? ORDER BY n.name"),
      threads_(connection,
               "SELECT name,created,updated,expires,sum,(SELECT max(n.updated) FROM namespaces n "
               "WHERE n.thread = t.id) AS latest FROM threads t "
               "ORDER BY max(updated, ifnull(latest, updated)),name LIMIT ?") {}

#undef MCP_RUN_SELECT

std::optional<std::int64_t> sqlite_reader::find_thread(const std::string& thread_id) {
  sqlite_query query(thread_, thread_id);
  if (!query.next()) return std::nullopt;
  return query.integer(0);
}

std::optional<namespace_row> sqlite_reader::find_namespace(const std::string& thread_id,
                                                           const std::string& ns) {
  sqlite_query query(namespace_, thread_id, ns);
  if (!query.next()) return std::nullopt;
  return read_namespace(query);
}

std::optional<run_record> sqlite_reader::run(const std::string& run_id) {
  sqlite_query query(run_, run_id);
  if (!query.next()) return std::nullopt;
  auto row = read_run_row(query);
  row.record.thread_id = query.text(10);
  return std::move(row.record);
}

std::vector<run_record> sqlite_reader::runs(const run_query& query) {
  const auto mask = mask_of(query.statuses);
  const auto limit = clamp(query.limit, max_run_limit);
  auto& statement = query.thread_id                      ? runs_of_thread_
                    : (mask & ~unfinished_statuses) == 0 ? unfinished_runs_
                                                         : all_runs_;
  std::vector<run_record> result;
  const auto collect = [&](sqlite_query rows) {
    while (rows.next()) {
      auto row = read_run_row(rows);
      row.record.thread_id = rows.text(10);
      result.push_back(std::move(row.record));
    }
  };
  if (query.thread_id) {
    collect(sqlite_query(statement, mask, query.graph, limit, *query.thread_id));
  } else {
    collect(sqlite_query(statement, mask, query.graph, limit));
  }
  return result;
}

std::optional<run_record> sqlite_reader::last_run(const std::string& thread_id) {
  sqlite_query query(last_run_, thread_id);
  if (!query.next()) return std::nullopt;
  auto row = read_run_row(query);
  row.record.thread_id = thread_id;
  return std::move(row.record);
}

std::optional<std::string> sqlite_reader::body(const std::string& thread_id, const std::string& ns,
                                               checkpoint_id id) {
  const auto space = find_namespace(thread_id, ns);
  if (!space) return std::nullopt;
  sqlite_query query(checkpoint_, static_cast<std::int64_t>(id.value), space->id);
  if (!query.next()) return std::nullopt;
  return std::string{read_log_row(query).body};
}

std::string sqlite_reader::run_name(std::int64_t id) {
  if (id == 0) return {};
  sqlite_query query(run_name_, id);
  if (!query.next()) refuse_damage("a checkpoint names an unknown run");
  return read_run_row(query).record.run_id;
}

void sqlite_reader::walk(std::int64_t ns, checkpoint_id newest,
                         const std::function<bool(const log_row&)>& visit) {
  for (auto id = newest; id;) {
    sqlite_query query(checkpoint_, static_cast<std::int64_t>(id.value), ns);
    if (!query.next()) refuse_damage("checkpoint " + id.text() + " is missing");
    const auto row = read_log_row(query);
    id = earlier(row, row.prev_id());
    if (!visit(row)) return;
  }
}

void sqlite_reader::load_chain(std::int64_t ns, stored_checkpoint& out) {
  if (out.info.id == out.info.base) return;
  for (auto wanted = out.info.parent; wanted != out.info.base;) {
    if (!wanted) refuse_damage("a chain ends before its base " + out.info.base.text());
    sqlite_query query(checkpoint_, static_cast<std::int64_t>(wanted.value), ns);
    if (!query.next()) refuse_damage("checkpoint " + wanted.text() + " is missing");
    const auto row = read_log_row(query);
    out.bodies.emplace_back(row.body);
    wanted = earlier(row, row.parent_id());
  }
  std::reverse(out.bodies.begin(), out.bodies.end());
}

std::optional<stored_checkpoint> sqlite_reader::load(std::int64_t ns, checkpoint_id id) {
  stored_checkpoint found;
  std::int64_t run = 0;
  const auto key = static_cast<std::int64_t>(id.value);
  {
    sqlite_query query(checkpoint_, key, ns);
    if (!query.next()) return std::nullopt;
    const auto row = read_log_row(query);
    found.info = row.info();
    run = row.run;
    (void)earlier(row, row.parent_id());
    found.bodies.emplace_back(row.body);
  }
  load_chain(ns, found);
  found.info.run_id = run_name(run);
  if (found.info.base) {
    sqlite_query query(snapshot_, static_cast<std::int64_t>(found.info.base.value), ns);
    if (!query.next()) refuse_damage("snapshot " + found.info.base.text() + " is missing");
    found.snapshot = read_log_row(query).body;
  }
  found.journal = journal(ns, id).take();
  return found;
}

journal_list sqlite_reader::journal(std::int64_t ns, checkpoint_id id) {
  journal_list result;
  sqlite_query rows(journal_, static_cast<std::int64_t>(id.value), ns);
  while (rows.next()) result.put(read_journal(read_log_row(rows)));
  return result;
}

std::optional<stored_checkpoint> sqlite_reader::load(const std::string& thread_id,
                                                     const std::string& ns,
                                                     std::optional<checkpoint_id> id) {
  const auto space = find_namespace(thread_id, ns);
  if (!space) return std::nullopt;
  const auto target = id.value_or(space->head);
  auto found = load(space->id, target);
  if (!found && !id) refuse_damage("checkpoint " + target.text() + " is missing");
  if (found) found->info.ns = ns;
  return found;
}

checkpoint_id sqlite_reader::newest_before(const namespace_row& space,
                                           std::optional<checkpoint_id> before) {
  if (!before || *before > space.head) return space.head;
  // Usually `before` is the last one of a page, and the list goes on right behind it.
  sqlite_query query(checkpoint_, static_cast<std::int64_t>(before->value), space.id);
  if (!query.next()) return space.head;
  const auto row = read_log_row(query);
  return earlier(row, row.prev_id());
}

std::vector<checkpoint_info> sqlite_reader::history(const std::string& thread_id,
                                                    const std::string& ns,
                                                    const history_query& query) {
  std::vector<checkpoint_info> result;
  const auto space = find_namespace(thread_id, ns);
  if (!space) return result;
  const auto limit = std::min(query.limit, max_history_limit);
  std::int64_t run = 0;
  std::string name;
  walk(space->id, newest_before(*space, query.before), [&](const log_row& row) {
    if (result.size() >= limit) return false;
    auto info = row.info();
    if (std::exchange(run, row.run) != row.run) name = run_name(row.run);
    if (query.before && info.id >= *query.before) return true;
    if (query.source && info.source != *query.source) return true;
    if (query.step && info.step != *query.step) return true;
    if (query.run_id && name != *query.run_id) return true;
    info.ns = ns;
    info.run_id = name;
    result.push_back(std::move(info));
    return true;
  });
  return result;
}

std::vector<namespace_row> sqlite_reader::namespaces(const std::string& thread_id) {
  std::vector<namespace_row> result;
  sqlite_query rows(namespaces_, thread_id);
  while (rows.next()) result.push_back(read_namespace(rows));
  return result;
}

std::vector<thread_info> sqlite_reader::threads(std::size_t limit) {
  std::vector<thread_info> result;
  sqlite_query rows(threads_, clamp(limit, static_cast<std::size_t>(INT64_MAX)));
  while (rows.next()) {
    auto info = read_thread(rows, 0);
    if (const auto latest = rows.maybe(5)) info.updated = std::max(info.updated, to_time(*latest));
    result.push_back(std::move(info));
  }
  return result;
}

// ?1: the time now, or the one since which a thread is idle; ?2: its graph. Rows of `runs` that are
// only names have neither a status nor a graph.
#define MCP_EXPIRED                                              \
  "SELECT t.id,t.name FROM threads t WHERE t.expires <= ?1 AND " \
  "NOT EXISTS (SELECT 1 FROM runs r WHERE r.thread = t.id AND r.status <= 2)"
#define MCP_IDLE                                                                                  \
  "SELECT t.id,t.name FROM threads t WHERE t.expires IS NULL AND t.updated <= ?1 AND "            \
  "NOT EXISTS (SELECT 1 FROM namespaces n WHERE n.thread = t.id AND n.updated > ?1) AND "         \
  "EXISTS (SELECT 1 FROM runs r WHERE r.thread = t.id AND r.graph = ?2) AND NOT EXISTS "          \
  "(SELECT 1 FROM runs r WHERE r.thread = t.id AND (r.status <= 2 OR r.graph <> ?2 OR r.updated " \
  "> ?1))"

std::vector<std::string> sqlite_reader::over(const sweep_query& query) {
  std::vector<std::string> found;
  const auto collect = [&](const char* sql, store_time time, const std::string& graph) {
    sqlite_statement list(connection_, sql);
    sqlite_query rows(list, to_integer(time), graph, clamp(query.limit - found.size(), INT64_MAX));
    while (rows.next()) found.push_back(rows.text(1));
  };
  collect(MCP_EXPIRED " AND ?2 IS NOT NULL LIMIT ?3", query.now, {});
  if (query.graph && query.idle_since) {
    collect(MCP_IDLE " LIMIT ?3", *query.idle_since, *query.graph);
  }
  return found;
}

std::optional<std::int64_t> sqlite_reader::find_over(const sweep_query& query,
                                                     const std::string& thread_id) {
  const auto find = [&](const char* sql, store_time time,
                        const std::string& graph) -> std::optional<std::int64_t> {
    sqlite_statement one(connection_, sql);
    sqlite_query row(one, to_integer(time), graph, thread_id);
    return row.next() ? std::optional{row.integer(0)} : std::nullopt;
  };
  const auto found = find(MCP_EXPIRED " AND ?2 IS NOT NULL AND t.name = ?3", query.now, {});
  if (found || !query.graph || !query.idle_since) return found;
  return find(MCP_IDLE " AND t.name = ?3", *query.idle_since, *query.graph);
}

#undef MCP_EXPIRED
#undef MCP_IDLE

}  // namespace mcp::store
