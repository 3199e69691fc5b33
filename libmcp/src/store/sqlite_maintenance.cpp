#include "store/sqlite_maintenance.hpp"

#include "core/replay.hpp"
#include "store/sqlite_rows.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace mcp::store {
namespace {

/// Prepares, runs and drops a statement.
template <class... Values>
void run(sqlite_connection& connection, const char* sql, const Values&... values) {
  sqlite_statement statement(connection, sql);
  sqlite_query(statement, values...).finish();
}

}  // namespace

sqlite_maintenance::sqlite_maintenance(sqlite_connection& connection)
    : connection_(connection), reader_(connection) {}

std::vector<prune_node> sqlite_maintenance::nodes_of(const namespace_row& space) {
  std::vector<prune_node> result;
  reader_.walk(space.id, space.head, [&](const log_row& row) {
    result.push_back({row.checkpoint(), row.parent_id(), row.base == 0, false});
    return true;
  });
  std::reverse(result.begin(), result.end());
  for (auto& node : result) node.pinned = reader_.journal(space.id, node.id).pending();
  return result;
}

void sqlite_maintenance::add_snapshot(std::int64_t ns, checkpoint_id id) {
  const auto stored = reader_.load(ns, id);
  if (!stored) refuse_damage("checkpoint " + id.text() + " is missing");
  const std::string state = core::replay(stored->snapshot, stored->bodies);
  sqlite_statement insert(connection_, insert_log_sql);
  insert_log_row(insert, snapshot_log_row(ns, id, state));
}

void sqlite_maintenance::relink(std::int64_t ns, checkpoint_id id, const links& now) {
  sqlite_statement find(connection_, "SELECT " MCP_LOG_COLUMNS
                                     " FROM log l WHERE l.id = ? AND l.ns = ? AND l.kind = 0");
  sqlite_query query(find, static_cast<std::int64_t>(id.value), ns);
  if (!query.next()) refuse_damage("checkpoint " + id.text() + " is missing");
  auto row = read_log_row(query);
  if (!now.root && row.base_id() == now.base && row.prev_id() == now.prev) return;
  if (now.root) row.parent.reset();
  row.set_prev(now.prev);
  row.base.reset();
  if (now.base) row.base = static_cast<std::int64_t>(id.value - now.base.value);
  run(connection_, "UPDATE log SET parent = ?, prev = ?, base = ?, sum = ? WHERE seq = ?",
      row.parent, row.prev, row.base, std::int64_t{row.sum()}, row.seq);
}

void sqlite_maintenance::apply(const namespace_row& space, const prune_plan& plan,
                               prune_report& report) {
  for (const auto id : plan.snapshots) add_snapshot(space.id, id);
  auto root = plan.roots.begin();
  checkpoint_id prev;
  for (const auto& [id, base] : plan.bases) {
    const bool is_root = root != plan.roots.end() && *root == id;
    if (is_root) ++root;
    relink(space.id, id, {is_root, base, prev});
    prev = id;
  }
  sqlite_statement remove(connection_, "DELETE FROM log WHERE id = ? AND ns = ?");
  for (const auto id : plan.removed) {
    report.journal_entries += reader_.journal(space.id, id).entries().size();
    sqlite_query(remove, static_cast<std::int64_t>(id.value), space.id).finish();
    ++report.checkpoints;
  }
  if (plan.bases.empty()) run(connection_, "DELETE FROM namespaces WHERE id = ?", space.id);
}

prune_report sqlite_maintenance::prune(const std::string& thread_id, std::size_t keep) {
  if (keep == 0) refuse_keep();
  sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
  prune_report report;
  const auto thread = reader_.find_thread(thread_id);
  if (!thread) return report;
  const auto spaces = reader_.namespaces(thread_id);
  std::vector<prune_namespace> nodes;
  nodes.reserve(spaces.size());
  for (const auto& one : spaces) nodes.push_back({one.name, nodes_of(one)});
  const auto plans = plan_prune(std::move(nodes), keep);
  for (std::size_t i = 0; i < plans.size(); ++i) apply(spaces[i], plans[i], report);
  if (report.checkpoints > 0) drop_names(*thread, reader_.namespaces(thread_id));
  transaction.commit();
  return report;
}

void sqlite_maintenance::drop_names(std::int64_t thread, const std::vector<namespace_row>& spaces) {
  std::unordered_set<std::int64_t> used;
  for (const auto& space : spaces) {
    reader_.walk(space.id, space.head, [&](const log_row& row) {
      used.insert(row.run);
      return true;
    });
  }
  std::vector<std::int64_t> unused;
  {
    sqlite_statement select(connection_, "SELECT id FROM runs WHERE thread = ? AND status IS NULL");
    sqlite_query rows(select, thread);
    while (rows.next()) {
      if (!used.contains(rows.integer(0))) unused.push_back(rows.integer(0));
    }
  }
  for (const auto id : unused) run(connection_, "DELETE FROM runs WHERE id = ?", id);
}

std::int64_t sqlite_maintenance::copy_run(std::int64_t id, std::int64_t thread) {
  run_row row;
  {
    sqlite_statement find(connection_, "SELECT " MCP_RUN_COLUMNS " FROM runs r WHERE r.id = ?");
    sqlite_query query(find, id);
    if (!query.next()) refuse_damage("a checkpoint names an unknown run");
    row = read_run_row(query);
  }
  {
    sqlite_statement find(connection_, "SELECT id FROM runs WHERE run_id = ? AND thread = ?");
    sqlite_query query(find, row.record.run_id, thread);
    if (query.next()) return query.integer(0);
  }
  row.thread = thread;
  row.named_only = true;
  run(connection_, "INSERT INTO runs(run_id,thread,sum) VALUES(?,?,?)", row.record.run_id, thread,
      std::int64_t{row.sum()});
  return connection_.last_row();
}

void sqlite_maintenance::copy_space(const namespace_row& from, std::int64_t thread) {
  namespace_row to = from;
  to.thread = thread;
  run(connection_, "INSERT INTO namespaces(thread,name,head,updated,sum) VALUES(?,?,?,?,?)", thread,
      to.name, static_cast<std::int64_t>(to.head.value), to_integer(to.updated),
      std::int64_t{to.sum()});
  to.id = connection_.last_row();
  std::vector<checkpoint_id> ids;
  reader_.walk(from.id, from.head, [&](const log_row& row) {
    ids.push_back(row.checkpoint());
    return true;
  });
  sqlite_statement select(connection_, "SELECT " MCP_LOG_COLUMNS
                                       " FROM log l WHERE l.id = ? AND l.ns = ? ORDER BY l.seq");
  sqlite_statement insert(connection_, insert_log_sql);
  std::int64_t run_before = 0;
  std::int64_t run_now = 0;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    sqlite_query rows(select, static_cast<std::int64_t>(id->value), from.id);
    while (rows.next()) {
      auto row = read_log_row(rows);
      row.ns = to.id;
      if (row.run != 0) {
        if (std::exchange(run_before, row.run) != row.run) run_now = copy_run(row.run, thread);
        row.run = run_now;
      }
      insert_log_row(insert, row);
    }
  }
}

void sqlite_maintenance::copy_thread(const std::string& source, const std::string& target) {
  sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
  thread_info info;
  {
    sqlite_statement find(connection_,
                          "SELECT name,created,updated,expires,sum FROM threads WHERE name = ?");
    sqlite_query query(find, source);
    if (!query.next()) refuse_thread(source);
    info = read_thread(query, 0);
  }
  if (reader_.find_thread(target)) refuse_target(target);
  info.thread_id = target;
  info.expires.reset();
  run(connection_, "INSERT INTO threads(name,created,updated,sum) VALUES(?,?,?,?)", target,
      to_integer(info.created), to_integer(info.updated), std::int64_t{thread_sum(info)});
  const auto to = connection_.last_row();
  for (const auto& one : reader_.namespaces(source)) copy_space(one, to);
  transaction.commit();
}

void sqlite_maintenance::erase(std::int64_t thread, const std::string& name) {
  sqlite_statement remove(connection_, "DELETE FROM log WHERE id = ? AND ns = ?");
  for (const auto& space : reader_.namespaces(name)) {
    std::vector<std::int64_t> ids;
    reader_.walk(space.id, space.head, [&](const log_row& row) {
      ids.push_back(row.id);
      return true;
    });
    for (const auto id : ids) sqlite_query(remove, id, space.id).finish();
  }
  run(connection_, "DELETE FROM namespaces WHERE thread = ?", thread);
  run(connection_, "DELETE FROM runs WHERE thread = ?", thread);
  run(connection_, "DELETE FROM threads WHERE id = ?", thread);
}

bool sqlite_maintenance::delete_thread(const std::string& thread_id) {
  sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
  const auto thread = reader_.find_thread(thread_id);
  if (!thread) return false;
  erase(*thread, thread_id);
  transaction.commit();
  return true;
}

void sqlite_maintenance::expire_thread(const std::string& thread_id,
                                       std::optional<store_time> expires) {
  sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
  thread_info info;
  {
    sqlite_statement find(connection_,
                          "SELECT name,created,updated,expires,sum FROM threads WHERE name = ?");
    sqlite_query query(find, thread_id);
    if (!query.next()) refuse_thread(thread_id);
    info = read_thread(query, 0);
  }
  info.expires = expires;
  run(connection_, "UPDATE threads SET expires = ?, sum = ? WHERE name = ?", to_integer(expires),
      std::int64_t{thread_sum(info)}, thread_id);
  transaction.commit();
}

bool sqlite_maintenance::remove_over(const sweep_query& query, const std::string& thread_id) {
  sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
  const auto thread = reader_.find_over(query, thread_id);
  if (!thread) return false;
  erase(*thread, thread_id);
  transaction.commit();
  return true;
}

}  // namespace mcp::store
