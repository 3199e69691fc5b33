#include "store/postgres_writer.hpp"

#include "core/replay.hpp"
#include "store/columns.hpp"
#include "store/postgres_reader.hpp"
#include "store/postgres_schema.hpp"
#include "store/write_rules.hpp"

#include <utility>
#include <vector>

namespace mcp::store {
namespace {

constexpr postgres_statement fence{"fence", "SELECT fence($1, $2)"};
constexpr postgres_statement put_checkpoint_sql{
    "put_checkpoint", "SELECT put_checkpoint($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"};
constexpr postgres_statement put_journal_sql{"put_journal",
                                             "SELECT put_journal($1,$2,$3,$4,$5,$6)"};
constexpr postgres_statement put_run_sql{"put_run", "SELECT put_run($1,$2,$3,$4,$5,$6,$7,$8)"};
constexpr postgres_statement set_run_status_sql{"set_run_status",
                                                "SELECT set_run_status($1,$2,$3,$4)"};
/// Of a pipeline, before those of the batch: BEGIN and the fence.
constexpr std::size_t statements_before = 2;

std::optional<std::int64_t> maybe(checkpoint_id id) {
  if (!id) return std::nullopt;
  return to_integer(id);
}
void send(postgres_connection& to, const put_checkpoint& op) {
  const auto& info = op.info;
  std::optional<std::int64_t> base;
  std::optional<postgres_bytes> snapshot;
  if (info.base == info.id) {
    base = to_integer(info.id);
    snapshot = postgres_bytes{op.snapshot};
  }
  to.send(put_checkpoint_sql, op.thread_id, info.ns, to_integer(info.id), maybe(info.parent), base,
          info.step, static_cast<std::int64_t>(info.source), info.run_id, to_integer(info.created),
          postgres_bytes{op.body}, snapshot);
}

void send(postgres_connection& to, const put_journal& op) {
  to.send(put_journal_sql, op.thread_id, op.ns, to_integer(op.checkpoint),
          static_cast<std::int64_t>(op.entry.kind), postgres_bytes{op.entry.key},
          postgres_bytes{op.entry.body});
}

void send(postgres_connection& to, const put_run& op) {
  const auto& run = op.run;
  to.send(put_run_sql, run.run_id, run.thread_id, static_cast<std::int64_t>(run.status), run.graph,
          postgres_bytes{run.body}, postgres_bytes{run.error}, to_integer(run.created),
          to_integer(run.updated));
}

void send(postgres_connection& to, const set_run_status& op) {
  to.send(set_run_status_sql, op.run_id, static_cast<std::int64_t>(op.status),
          postgres_bytes{op.error}, to_integer(op.updated));
}

/// Throws the rule's own error for an operation that broke one.
void refuse(const store_write& op, const postgres_failure& why) {
  if (why.state == state_id_order) {
    refuse_id_order(std::get<put_checkpoint>(op), {std::stoull(why.detail)});
  }
  if (why.state == state_no_parent) refuse_parent(std::get<put_checkpoint>(op));
  if (why.state == state_no_checkpoint) refuse_journal(std::get<put_journal>(op));
  if (why.state == state_other_thread) refuse_run(std::get<put_run>(op).run, why.detail);
}

}  // namespace

postgres_writer::postgres_writer(postgres_target where, std::chrono::milliseconds patience,
                                 postgres_lease& lease)
    : lease_(lease), session_([&] {
        where.session = postgres_lease::session_of(lease.server());
        where.patience = patience;
        return std::move(where);
      }()) {}

/// Whether the batch `batch_` is there already, after the connection was lost in it.
bool postgres_writer::committed(postgres_connection& connection) const {
  static constexpr postgres_statement last{"last_batch",
                                           "SELECT batch FROM writers WHERE server = $1::bigint"};
  const auto found = connection.query(last, lease_.server());
  if (found.rows() == 0) throw postgres_failure{state_lease_lost, "the lease is lost", {}, 0};
  return found.integer(0, 0) == batch_;
}

/// Calls `function` until it has been committed, once.
template <class Function>
void postgres_writer::once(const Function& function,
                           const std::function<void(const postgres_failure&)>& translate) {
  if (lease_.lost()) throw lease_.loss();
  ++batch_;
  bool first = true;
  session_.use(
      [&](postgres_connection& connection) {
        const bool again = !std::exchange(first, false);
        if (again && committed(connection)) return;
        try {
          function(connection);
        } catch (const postgres_failure& why) {
          // Its first sending was still under way in the database when the connection was lost.
          if (!again || why.state != state_batch_there) throw;
        }
      },
      [&](const postgres_failure& why) {
        // Given up: whether the batch is there is not known, and the next ones build on it.
        if (why.state == state_lease_lost || why.connection_lost()) {
          lease_.lose();
          throw lease_.loss();
        }
        if (translate) translate(why);
      });
}

template <class Change>
void postgres_writer::change(const Change& make,
                             const std::function<void(const postgres_failure&)>& translate) {
  const std::lock_guard lock{mutex_};
  once(
      [&](postgres_connection& connection) {
        postgres_transaction transaction{connection, postgres_transaction::kind::write};
        connection.query(fence, lease_.server(), batch_);
        make(connection);
        transaction.commit();
      },
      translate);
}

void postgres_writer::write(std::span<const store_write> batch) {
  for (const auto& op : batch) {
    if (const auto* one = std::get_if<put_checkpoint>(&op)) check_checkpoint(*one);
  }
  const std::lock_guard lock{mutex_};
  once(
      [&](postgres_connection& connection) {
        for (const auto* one :
             {&fence, &put_checkpoint_sql, &put_journal_sql, &put_run_sql, &set_run_status_sql}) {
          connection.prepare(*one);
        }
        connection.begin_pipeline();
        connection.send(fence, lease_.server(), batch_);
        for (const auto& op : batch) {
          std::visit([&](const auto& what) { send(connection, what); }, op);
        }
        connection.end_pipeline();
      },
      [&](const postgres_failure& why) {
        const auto at = why.index - statements_before;
        if (at < batch.size()) refuse(batch[at], why);
      });
}

void postgres_writer::copy_thread(const std::string& source, const std::string& target) {
  static constexpr postgres_statement copy{"copy_thread", "SELECT copy_thread($1, $2)"};
  change([&](postgres_connection& connection) { connection.query(copy, source, target); },
         [&](const postgres_failure& why) {
           if (why.state == state_no_thread) refuse_thread(source);
           if (why.state == state_thread_exists) refuse_target(target);
         });
}

prune_report postgres_writer::prune(const std::string& thread_id, std::size_t keep) {
  static constexpr postgres_statement add_snapshot{
      "add_snapshot",
      "UPDATE checkpoints SET snapshot = $3 WHERE ns = $1::bigint AND id = $2::bigint"};
  static constexpr postgres_statement relink{
      "relink",
      "UPDATE checkpoints SET base = $3::bigint, parent = CASE WHEN $4::bigint = 1 THEN NULL ELSE "
      "parent END WHERE ns = $1::bigint AND id = $2::bigint "
      "AND ($4::bigint = 1 OR base IS DISTINCT FROM $3::bigint)"};
  static constexpr postgres_statement remove_journal{
      "remove_journal",
      "DELETE FROM journal WHERE ns = $1::bigint AND checkpoint = $2::bigint RETURNING 1::bigint"};
  static constexpr postgres_statement remove{
      "remove_checkpoint", "DELETE FROM checkpoints WHERE ns = $1::bigint AND id = $2::bigint"};
  static constexpr postgres_statement remove_space{"remove_space",
                                                   "DELETE FROM namespaces WHERE id = $1::bigint"};
  static constexpr postgres_statement take_base{
      "take_base",
      "UPDATE namespaces n SET base = c.base FROM checkpoints c "
      "WHERE n.id = $1::bigint AND c.ns = n.id AND c.id = n.head"};
  if (keep == 0) refuse_keep();
  prune_report report;
  change([&](postgres_connection& connection) {
    report = {};
    auto spaces = postgres::lock_nodes(connection, thread_id);
    std::vector<prune_namespace> nodes;
    nodes.reserve(spaces.size());
    for (const auto& one : spaces) nodes.push_back(one.nodes);
    const auto plans = plan_prune(std::move(nodes), keep);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const auto space = spaces[i].space;
      const auto& plan = plans[i];
      for (const auto id : plan.snapshots) {
        const auto stored = postgres::load(connection, thread_id, spaces[i].nodes.name, id);
        const auto state = core::replay(stored->snapshot, stored->bodies);
        connection.query(add_snapshot, space, to_integer(id), postgres_bytes{state});
      }
      auto root = plan.roots.begin();
      for (const auto& [id, base] : plan.bases) {
        const bool is_root = root != plan.roots.end() && *root == id;
        if (is_root) ++root;
        connection.query(relink, space, to_integer(id), maybe(base), std::int64_t{is_root ? 1 : 0});
      }
      for (const auto id : plan.removed) {
        report.journal_entries += static_cast<std::size_t>(
            connection.query(remove_journal, space, to_integer(id)).rows());
        connection.query(remove, space, to_integer(id));
        ++report.checkpoints;
      }
      connection.query(plan.bases.empty() ? remove_space : take_base, space);
    }
  });
  return report;
}

bool postgres_writer::delete_thread(const std::string& thread_id) {
  static constexpr postgres_statement remove{
      "delete_thread", "SELECT delete_thread(id) FROM threads WHERE name = $1"};
  bool known = false;
  change([&](postgres_connection& connection) {
    known = connection.query(remove, thread_id).rows() > 0;
  });
  return known;
}

void postgres_writer::expire_thread(const std::string& thread_id,
                                    std::optional<store_time> expires) {
  static constexpr postgres_statement expire{
      "expire_thread",
      "UPDATE threads SET expires = $2::bigint WHERE name = $1 RETURNING 1::bigint"};
  const auto at = to_integer(expires);
  bool known = false;
  change([&](postgres_connection& connection) {
    known = connection.query(expire, thread_id, at).rows() > 0;
  });
  if (!known) refuse_thread(thread_id);
}

bool postgres_writer::remove_over(const sweep_query& query, const std::string& thread_id) {
  static constexpr postgres_statement remove{"remove_over", "SELECT delete_thread($1::bigint)"};
  bool removed = false;
  change([&](postgres_connection& connection) {
    const auto thread = postgres::find_over(connection, query, thread_id);
    removed = thread.has_value();
    if (thread) connection.query(remove, *thread);
  });
  return removed;
}

}  // namespace mcp::store
