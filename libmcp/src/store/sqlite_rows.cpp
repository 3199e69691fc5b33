#include "store/sqlite_rows.hpp"

#include "store/row_sum.hpp"

namespace mcp::store {
namespace {

constexpr unsigned counter_bits = 20;  ///< of a checkpoint id; above them is its time
constexpr std::int64_t absent = INT64_MIN;

/// Differences and sums wrap, so that odd times in a record cannot overflow.
std::int64_t minus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

checkpoint_id behind(std::int64_t id, const std::optional<std::int64_t>& distance) noexcept {
  if (!distance) return {};
  return {static_cast<std::uint64_t>(minus(id, *distance))};
}

std::optional<std::int64_t> distance(checkpoint_id from, checkpoint_id to) noexcept {
  if (!to) return std::nullopt;
  return static_cast<std::int64_t>(from.value - to.value);
}

}  // namespace

void refuse_damage(const std::string& what) {
  throw error(errc::corrupt_store, "the SQLite store is damaged: " + what);
}

std::int32_t log_row::sum() const noexcept {
  row_sum sum;
  sum.add(ns)
      .add(id)
      .add(kind)
      .add(parent.value_or(absent))
      .add(prev.value_or(absent))
      .add(base.value_or(absent));
  sum.add(step).add(source).add(run).add(created).add(key).add(body);
  return sum.value();
}

checkpoint_id log_row::checkpoint() const noexcept {
  return {static_cast<std::uint64_t>(id)};
}
checkpoint_id log_row::parent_id() const noexcept {
  return behind(id, parent);
}
checkpoint_id log_row::base_id() const noexcept {
  return behind(id, base);
}

checkpoint_id log_row::prev_id() const noexcept {
  return prev ? behind(id, prev) : parent_id();
}

void log_row::set_prev(checkpoint_id previous) noexcept {
  prev.reset();
  if (previous != parent_id()) prev = distance(checkpoint(), previous);
}

checkpoint_info log_row::info() const {
  checkpoint_info result;
  result.id = checkpoint();
  result.parent = parent_id();
  result.base = base_id();
  result.step = step;
  result.source = static_cast<checkpoint_source>(source);
  result.created = to_time(plus(created, id >> counter_bits));
  return result;
}

log_row checkpoint_log_row(std::int64_t ns, const checkpoint_info& info, checkpoint_id base,
                           std::int64_t run, std::string_view body) {
  log_row row;
  row.ns = ns;
  row.id = static_cast<std::int64_t>(info.id.value);
  row.kind = checkpoint_row;
  row.parent = distance(info.id, info.parent);
  row.base = distance(info.id, base);
  row.step = info.step;
  row.source = static_cast<std::int64_t>(info.source);
  row.run = run;
  row.created = minus(to_integer(info.created), row.id >> counter_bits);
  row.body = body;
  return row;
}

log_row snapshot_log_row(std::int64_t ns, checkpoint_id id, std::string_view snapshot) {
  log_row row;
  row.ns = ns;
  row.id = static_cast<std::int64_t>(id.value);
  row.kind = snapshot_row;
  row.body = snapshot;
  return row;
}

log_row read_log_row(const sqlite_query& query) {
  log_row row;
  row.seq = query.integer(0);
  row.ns = query.integer(1);
  row.id = query.integer(2);
  row.kind = query.integer(3);
  row.parent = query.maybe(5);
  row.prev = query.maybe(6);
  row.base = query.maybe(7);
  row.step = query.integer(8);
  row.source = query.integer(9);
  row.run = query.integer(10);
  row.created = query.integer(11);
  row.key = query.bytes(12);
  row.body = query.bytes(13);
  if (row.sum() != query.integer(4)) {
    refuse_damage("row " + std::to_string(row.seq) + " of the log does not fit its checksum");
  }
  return row;
}

journal_entry read_journal(const log_row& row) {
  return {static_cast<journal_kind>(row.kind - journal_row), std::string{row.key},
          std::string{row.body}};
}

void insert_log_row(sqlite_statement& insert, const log_row& row) {
  const bool journal = row.kind >= journal_row;
  const bool checkpoint = row.kind == checkpoint_row;
  const auto only = [&](std::int64_t value) {
    return checkpoint ? std::optional{value} : std::nullopt;
  };
  const auto key = journal ? std::optional{std::string{row.key}} : std::nullopt;
  sqlite_query(insert, row.ns, row.id, row.kind, std::int64_t{row.sum()}, row.parent, row.prev,
               row.base, only(row.step), only(row.source), only(row.run), only(row.created), key,
               sqlite_blob{row.body})
      .finish();
}

std::int32_t run_row::sum() const noexcept {
  row_sum sum;
  sum.add(record.run_id).add(thread);
  if (named_only) return sum.value();
  sum.add(static_cast<std::int64_t>(record.status)).add(record.graph).add(record.body);
  sum.add(record.error).add(to_integer(record.created)).add(to_integer(record.updated));
  return sum.value();
}

run_row read_run_row(const sqlite_query& query) {
  run_row row;
  row.id = query.integer(0);
  row.record.run_id = query.text(1);
  row.thread = query.integer(2);
  row.named_only = query.null(3);
  row.record.status = static_cast<run_status>(query.integer(3));
  row.record.graph = query.text(4);
  row.record.body = query.text(5);
  row.record.error = query.text(6);
  row.record.created = to_time(query.integer(7));
  row.record.updated = to_time(query.integer(8));
  const auto status = query.integer(3);
  if (status < 0 || status > static_cast<std::int64_t>(run_status::cancelled) ||
      row.sum() != query.integer(9)) {
    refuse_damage("row " + std::to_string(row.id) + " of the runs does not fit its checksum");
  }
  return row;
}

std::int32_t thread_sum(const thread_info& info) noexcept {
  row_sum sum;
  sum.add(info.thread_id).add(to_integer(info.created)).add(to_integer(info.updated));
  sum.add(to_integer(info.expires).value_or(absent));
  return sum.value();
}

std::int32_t namespace_row::sum() const noexcept {
  row_sum sum;
  sum.add(thread).add(name).add(static_cast<std::int64_t>(head.value)).add(to_integer(updated));
  return sum.value();
}

namespace_row read_namespace(const sqlite_query& query) {
  namespace_row row;
  row.id = query.integer(0);
  row.thread = query.integer(1);
  row.name = query.text(2);
  row.head = checkpoint_id{static_cast<std::uint64_t>(query.integer(3))};
  row.updated = to_time(query.integer(4));
  if (row.sum() != query.integer(5)) {
    refuse_damage("row " + std::to_string(row.id) + " of the namespaces does not fit its checksum");
  }
  return row;
}

thread_info read_thread(const sqlite_query& query, int column) {
  thread_info info;
  info.thread_id = query.text(column);
  info.created = to_time(query.integer(column + 1));
  info.updated = to_time(query.integer(column + 2));
  if (const auto expires = query.maybe(column + 3)) info.expires = to_time(*expires);
  if (thread_sum(info) != query.integer(column + 4)) {
    refuse_damage("a row of the threads does not fit its checksum");
  }
  return info;
}

}  // namespace mcp::store
