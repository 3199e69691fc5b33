#include "core/replay.hpp"
#include "store/conformance.hpp"
#include "support/catch.hpp"

#include <sstream>

namespace mcp::test {

using nlohmann::json;

store_time at(std::int64_t milliseconds) {
  return store_time{std::chrono::milliseconds{milliseconds}};
}

std::string cbor(const json& value) {
  std::string result;
  json::to_cbor(value, result);
  return result;
}

put_checkpoint checkpoint(const std::string& thread, std::uint64_t id, std::uint64_t parent,
                          const std::string& ns) {
  put_checkpoint op;
  op.thread_id = thread;
  op.info.ns = ns;
  op.info.id = {id};
  op.info.parent = {parent};
  const auto number = static_cast<std::int64_t>(id & 0xFFFFFFU);
  op.info.step = number - 2;
  op.info.source = parent == 0 ? checkpoint_source::input : checkpoint_source::loop;
  op.info.run_id = "run-of-" + thread;
  op.info.created = at(number * 10);
  op.body = cbor({{"v", 1}, {"p", json::array({json::array({"l", 1, {id}})})}});
  return op;
}

put_checkpoint snapshot(const std::string& thread, std::uint64_t id, std::uint64_t parent,
                        const std::vector<int>& list, const std::string& ns) {
  auto op = checkpoint(thread, id, parent, ns);
  op.info.base = op.info.id;
  op.snapshot = cbor({{"l", list}});
  return op;
}

put_journal journal(const std::string& thread, std::uint64_t id, journal_kind kind,
                    const std::string& key, const std::string& body, const std::string& ns) {
  return {thread, ns, {id}, {kind, key, body}};
}

put_run run(const std::string& id, const std::string& thread, run_status status,
            const std::string& graph) {
  run_record record;
  record.run_id = id;
  record.thread_id = thread;
  record.graph = graph;
  record.status = status;
  record.body = "options of " + id;
  record.created = at(1000);
  record.updated = at(1000);
  return {record};
}

void put(checkpoint_store& store, const store_write& op) {
  store.write({&op, 1});
}

void put_chain(checkpoint_store& store, const std::string& thread, std::uint64_t first,
               std::uint64_t last, std::uint64_t parent, const std::string& ns) {
  for (auto id = first; id <= last; ++id) {
    put(store, checkpoint(thread, id, parent, ns));
    parent = id;
  }
}

std::vector<int> list_at(checkpoint_store& store, const std::string& thread, std::uint64_t id,
                         const std::string& ns) {
  const auto found = store.load(thread, ns, checkpoint_id{id});
  INFO("thread " << thread << ", namespace '" << ns << "', checkpoint " << id);
  REQUIRE(found.has_value());
  REQUIRE_FALSE(found->bodies.empty());
  const bool own_base = found->info.base == found->info.id;
  CHECK(found->snapshot.empty() == !found->info.base);
  const auto state = own_base ? found->snapshot : core::replay(found->snapshot, found->bodies);
  return json::from_cbor(state).at("l").get<std::vector<int>>();
}

std::vector<std::uint64_t> ids(const std::vector<checkpoint_info>& infos) {
  std::vector<std::uint64_t> result;
  for (const auto& info : infos) result.push_back(info.id.value);
  return result;
}

std::string dump(checkpoint_store& store) {
  std::ostringstream out;
  for (const auto& one : store.runs({})) {
    out << "run " << one.run_id << ' ' << one.thread_id << ' ' << one.graph << ' '
        << name(one.status) << ' ' << one.body << ' ' << one.error << ' '
        << one.created.time_since_epoch().count() << ' ' << one.updated.time_since_epoch().count()
        << '\n';
  }
  for (const auto& thread : store.threads(1000)) {
    out << "thread " << thread.thread_id << ' ' << thread.created.time_since_epoch().count() << ' '
        << thread.updated.time_since_epoch().count();
    if (thread.expires) out << " until " << thread.expires->time_since_epoch().count();
    out << '\n';
    for (const auto& ns : store.namespaces(thread.thread_id)) {
      for (const auto& info : store.history(thread.thread_id, ns, {.limit = 10'000})) {
        const auto loaded = store.load(thread.thread_id, ns, info.id);
        REQUIRE(loaded.has_value());
        REQUIRE(loaded->info == info);
        out << ns << ' ' << info.id.text() << ' ' << info.parent.text() << ' ' << info.base.text()
            << ' ' << info.step << ' ' << info.run_id << ' ' << loaded->snapshot;
        for (const auto& body : loaded->bodies) out << ' ' << body;
        for (const auto& entry : loaded->journal) {
          out << " [" << static_cast<int>(entry.kind) << ' ' << entry.key << ' ' << entry.body
              << ']';
        }
        out << '\n';
      }
    }
  }
  return out.str();
}

void check_checkpoint_store(const store_factory& factory) {
  check_checkpoints(factory);
  check_history(factory);
  check_runs(factory);
  check_batches(factory);
  check_upkeep(factory);
  check_prune(factory);
  check_concurrency(factory);
  check_deaths(factory);
}

}  // namespace mcp::test
