#include "store/sqlite_writer.hpp"

#include "store/sqlite_rows.hpp"
#include "store/write_rules.hpp"

#include <algorithm>
#include <utility>

namespace mcp::store {
namespace {

/// Namespaces remembered before all are forgotten; about 300 bytes each.
constexpr std::size_t max_remembered = 16'384;

}  // namespace

sqlite_writer::sqlite_writer(sqlite_connection& connection)
    : connection_(connection),
      find_thread_(connection,
                   "SELECT id,name,created,updated,expires,sum FROM threads WHERE name = ?"),
      insert_thread_(connection,
                     "INSERT INTO threads(name,created,updated,expires,sum) VALUES(?,?,?,?,?)"),
      update_thread_(connection, "UPDATE threads SET updated = ?, sum = ? WHERE id = ?"),
      find_namespace_(connection, "SELECT " MCP_NAMESPACE_COLUMNS
                                  " FROM namespaces n WHERE n.thread = ? AND n.name = ?"),
      insert_namespace_(connection,
                        "INSERT INTO namespaces(thread,name,head,updated,sum) VALUES(?,?,?,?,?)"),
      update_namespace_(connection,
                        "UPDATE namespaces SET head = ?, updated = ?, sum = ? WHERE id = ?"),
      checkpoint_(connection, "SELECT " MCP_LOG_COLUMNS
                              " FROM log l WHERE l.id = ? AND l.ns = ? AND l.kind = 0"),
      insert_log_(connection, insert_log_sql),
      find_runs_(connection, "SELECT " MCP_RUN_COLUMNS
                             ",t.name FROM runs r JOIN threads t ON t.id = r.thread "
                             "WHERE r.run_id = ?"),
      insert_run_(connection,
                  "INSERT INTO runs(run_id,thread,status,graph,body,error,created,updated,sum) "
                  "VALUES(?,?,?,?,?,?,?,?,?)"),
      update_run_(connection,
                  "UPDATE runs SET status = ?, graph = ?, body = ?, error = ?, created = ?, "
                  "updated = ?, sum = ? WHERE id = ?") {}

void sqlite_writer::forget() noexcept {
  changed_threads_.clear();
  changed_namespaces_.clear();
  threads_.clear();
  remembered_ = 0;
}

void sqlite_writer::write(std::span<const store_write> batch) {
  if (batch.empty()) return;
  if (remembered_ > max_remembered || threads_.size() > max_remembered) forget();
  try {
    sqlite_transaction transaction(connection_, sqlite_transaction::kind::write);
    for (const auto& op : batch) {
      std::visit([this](const auto& one) { apply(one); }, op);
    }
    store_heads();
    transaction.commit();
  } catch (...) {
    forget();
    throw;
  }
}

sqlite_writer::known_thread* sqlite_writer::find_thread(const std::string& thread_id) {
  if (const auto known = threads_.find(thread_id); known != threads_.end()) return &known->second;
  sqlite_query query(find_thread_, thread_id);
  if (!query.next()) return nullptr;
  known_thread thread;
  thread.id = query.integer(0);
  thread.info = read_thread(query, 1);
  return &threads_.emplace(thread_id, std::move(thread)).first->second;
}

sqlite_writer::known_thread& sqlite_writer::thread_of(const std::string& thread_id,
                                                      store_time created) {
  if (auto* known = find_thread(thread_id)) return *known;
  known_thread thread;
  thread.info = {thread_id, created, created, std::nullopt};
  sqlite_query(insert_thread_, thread_id, to_integer(created), to_integer(created),
               to_integer(thread.info.expires), std::int64_t{thread_sum(thread.info)})
      .finish();
  thread.id = connection_.last_row();
  return threads_.emplace(thread_id, std::move(thread)).first->second;
}

void sqlite_writer::touch(known_thread& thread, store_time at) {
  if (at <= thread.info.updated) return;
  thread.info.updated = at;
  if (!std::exchange(thread.changed, true)) changed_threads_.push_back(&thread);
}

void sqlite_writer::store_heads() {
  for (auto* thread : changed_threads_) {
    sqlite_query(update_thread_, to_integer(thread->info.updated),
                 std::int64_t{thread_sum(thread->info)}, thread->id)
        .finish();
    thread->changed = false;
  }
  for (auto* space : changed_namespaces_) {
    const auto& row = space->row;
    sqlite_query(update_namespace_, static_cast<std::int64_t>(row.head.value),
                 to_integer(row.updated), std::int64_t{row.sum()}, row.id)
        .finish();
    space->changed = false;
  }
  changed_threads_.clear();
  changed_namespaces_.clear();
}

sqlite_writer::known_namespace* sqlite_writer::find_namespace(known_thread& thread,
                                                              const std::string& ns) {
  const auto known = thread.namespaces.find(ns);
  if (known != thread.namespaces.end()) return &known->second;
  known_namespace space;
  {
    sqlite_query query(find_namespace_, thread.id, ns);
    if (!query.next()) return nullptr;
    space.row = read_namespace(query);
  }
  const auto base = base_of(space, space.row.head);
  if (!base) refuse_damage("checkpoint " + space.row.head.text() + " is missing");
  space.base = *base;
  space.known = true;
  ++remembered_;
  return &thread.namespaces.emplace(ns, std::move(space)).first->second;
}

sqlite_writer::known_namespace& sqlite_writer::namespace_of(known_thread& thread,
                                                            const put_checkpoint& op) {
  if (auto* known = find_namespace(thread, op.info.ns)) return *known;
  known_namespace space;
  space.row = {0, thread.id, op.info.ns, op.info.id, op.info.created};
  const auto& row = space.row;
  sqlite_query(insert_namespace_, row.thread, row.name, static_cast<std::int64_t>(row.head.value),
               to_integer(row.updated), std::int64_t{row.sum()})
      .finish();
  space.row.id = connection_.last_row();
  space.row.head = {};
  ++remembered_;
  return thread.namespaces.emplace(op.info.ns, std::move(space)).first->second;
}

std::optional<checkpoint_id> sqlite_writer::base_of(const known_namespace& space,
                                                    checkpoint_id id) {
  if (space.known && id == space.row.head) return space.base;
  sqlite_query query(checkpoint_, static_cast<std::int64_t>(id.value), space.row.id);
  if (!query.next()) return std::nullopt;
  return read_log_row(query).base_id();
}

std::int64_t sqlite_writer::run_of(known_thread& thread, const std::string& run_id) {
  if (run_id.empty()) return 0;
  if (thread.run != 0 && thread.run_name == run_id) return thread.run;
  std::int64_t found = 0;
  {
    sqlite_query query(find_runs_, run_id);
    while (found == 0 && query.next()) {
      if (query.integer(2) == thread.id) found = query.integer(0);
    }
  }
  if (found == 0) {
    run_row row;
    row.thread = thread.id;
    row.named_only = true;
    row.record.run_id = run_id;
    const std::optional<std::int64_t> nothing;
    sqlite_query(insert_run_, run_id, thread.id, nothing, nothing, nothing, nothing, nothing,
                 nothing, std::int64_t{row.sum()})
        .finish();
    found = connection_.last_row();
  }
  thread.run = found;
  thread.run_name = run_id;
  return found;
}

void sqlite_writer::apply(const put_checkpoint& op) {
  check_checkpoint(op);
  const auto& info = op.info;
  auto& thread = thread_of(op.thread_id, info.created);
  auto& space = namespace_of(thread, op);
  const auto head = space.row.head;
  if (info.id <= head) refuse_id_order(op, head);
  // The caller may have learnt the base before a prune moved it, so what is stored counts.
  checkpoint_id base = info.base == info.id ? info.id : checkpoint_id{};
  if (info.parent) {
    const auto inherited = base_of(space, info.parent);
    if (!inherited) refuse_parent(op);
    if (!base) base = *inherited;
  }
  auto row = checkpoint_log_row(space.row.id, info, base, run_of(thread, info.run_id), op.body);
  row.set_prev(head);
  insert_log_row(insert_log_, row);
  if (base == info.id) {
    insert_log_row(insert_log_, snapshot_log_row(space.row.id, info.id, op.snapshot));
  }
  space.row.head = info.id;
  space.row.updated = std::max(space.row.updated, info.created);
  space.base = base;
  space.known = true;
  // A new namespace was stored with this head already.
  if (head && !std::exchange(space.changed, true)) changed_namespaces_.push_back(&space);
}

void sqlite_writer::apply(const put_journal& op) {
  auto* thread = find_thread(op.thread_id);
  auto* space = thread != nullptr ? find_namespace(*thread, op.ns) : nullptr;
  if (space == nullptr || !op.checkpoint || !base_of(*space, op.checkpoint)) refuse_journal(op);
  log_row row;
  row.ns = space->row.id;
  row.id = static_cast<std::int64_t>(op.checkpoint.value);
  row.kind = journal_row + static_cast<std::int64_t>(op.entry.kind);
  row.key = op.entry.key;
  row.body = op.entry.body;
  insert_log_row(insert_log_, row);
}

void sqlite_writer::apply(const put_run& op) {
  auto& thread = thread_of(op.run.thread_id, op.run.created);
  run_row row;
  row.thread = thread.id;
  row.record = op.run;
  {
    sqlite_query query(find_runs_, op.run.run_id);
    while (query.next()) {
      const auto stored = read_run_row(query);
      if (stored.thread == thread.id) {
        row.id = stored.id;
      } else if (!stored.named_only) {
        refuse_run(op.run, query.text(10));
      }
    }
  }
  const auto& run = row.record;
  const auto status = static_cast<std::int64_t>(run.status);
  const auto sum = std::int64_t{row.sum()};
  if (row.id == 0) {
    sqlite_query(insert_run_, run.run_id, thread.id, status, run.graph, sqlite_blob{run.body},
                 run.error, to_integer(run.created), to_integer(run.updated), sum)
        .finish();
  } else {
    sqlite_query(update_run_, status, run.graph, sqlite_blob{run.body}, run.error,
                 to_integer(run.created), to_integer(run.updated), sum, row.id)
        .finish();
  }
  touch(thread, run.updated);
}

void sqlite_writer::apply(const set_run_status& op) {
  std::optional<run_row> row;
  {
    sqlite_query query(find_runs_, op.run_id);
    while (!row && query.next()) {
      auto stored = read_run_row(query);
      if (!stored.named_only) row = std::move(stored);
    }
  }
  if (!row) return;
  auto& run = row->record;
  run.status = op.status;
  run.error = op.error;
  run.updated = op.updated;
  sqlite_query(update_run_, static_cast<std::int64_t>(run.status), run.graph, sqlite_blob{run.body},
               run.error, to_integer(run.created), to_integer(run.updated),
               std::int64_t{row->sum()}, row->id)
      .finish();
}

}  // namespace mcp::store
