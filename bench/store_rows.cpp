#include "floors.hpp"
#include "graphs.hpp"
#include "rows.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

namespace bench {
namespace {

using counter_executor = mcp::executor<counter_state>;

constexpr std::int64_t loop_steps = 10'000;

/// An executor on a store in a folder of its own.
template <class State>
struct stored {
  explicit stored(const mcp::graph<State>& graph)
      : file(folder.path() / "bench.db"),
        executor(graph, {.store = mcp::sqlite_checkpoint_store(file.string())}) {}
  temporary_folder folder;
  std::filesystem::path file;
  mcp::executor<State> executor;
};

/// Where bench/run has started a PostgreSQL server; empty: nowhere.
std::string postgres_target() {
  const char* given = std::getenv("MCP_BENCH_POSTGRES");
  return given == nullptr ? "" : given;
}

/// An executor on a schema of its own.
std::shared_ptr<counter_executor> stored_in_postgres() {
  static int schemas = 0;
  return std::make_shared<counter_executor>(
      loop_graph(count),
      mcp::executor_options{
          .store = mcp::postgres_checkpoint_store(postgres_target(),
                                                  {.schema = "bench_" + std::to_string(++schemas)})});
}

double loop_microseconds(counter_executor& executor, std::int64_t steps,
                         mcp::durability durability = mcp::durability::async) {
  return microseconds_of([&] {
           finished(executor.run_to_result({.limit = steps}, long_run(steps, durability)));
         }) /
         static_cast<double>(steps);
}

probes in_memory_probes(const settings&) {
  const auto graph = loop_graph(count);
  const auto kept = std::make_shared<counter_executor>(
      graph, mcp::executor_options{.store = mcp::in_memory_checkpoint_store()});
  const auto bare = std::make_shared<counter_executor>(graph);
  return {[kept] { return loop_microseconds(*kept, loop_steps); },
          [bare] { return loop_microseconds(*bare, loop_steps); }};
}

probes sqlite_probes(const settings& how) {
  constexpr std::size_t checkpoint_bytes = 60;  // what a superstep of the counter loop writes
  constexpr std::size_t batch = 64;
  const auto kept = std::make_shared<stored<counter_state>>(loop_graph(count));
  const auto floor = std::make_shared<sqlite_floor>(insert_options{checkpoint_bytes, batch, false});
  const auto transaction = microseconds_per_call([floor](std::uint64_t n) { floor->insert(n); },
                                                 how, [floor] { floor->clear(); });
  return {[kept] { return loop_microseconds(kept->executor, loop_steps); },
          [transaction] { return transaction() / static_cast<double>(batch); }};
}

probes postgres_probes(const settings& how) {
  constexpr std::size_t checkpoint_bytes = 60;
  constexpr std::size_t batch = 64;
  const auto kept = stored_in_postgres();
  const auto floor = std::make_shared<postgres_floor>(
      postgres_target(), insert_options{checkpoint_bytes, batch, false});
  const auto transaction = microseconds_per_call([floor](std::uint64_t n) { floor->insert(n); },
                                                 how, [floor] { floor->clear(); });
  return {[kept] { return loop_microseconds(*kept, loop_steps); },
          [transaction] { return transaction() / static_cast<double>(batch); }};
}

/// Supersteps per second of `runs` runs at once, each durable before the next begins.
double synchronous_rate(counter_executor& executor, std::size_t runs) {
  constexpr std::int64_t steps = 100;
  const double microseconds = microseconds_of([&] {
    std::vector<mcp::run_handle<counter_state>> started;
    for (std::size_t i = 0; i < runs; ++i) {
      started.push_back(
          executor.start(counter_state{.limit = steps}, long_run(steps, mcp::durability::sync)));
    }
    for (const auto& run : started) finished(run.join());
  });
  return static_cast<double>(runs) * static_cast<double>(steps) / microseconds * 1e6;
}

probes group_commit_probes(const settings&) {
  const auto kept = std::make_shared<stored<counter_state>>(loop_graph(count));
  return {[kept] { return synchronous_rate(kept->executor, 64); },
          [kept] { return synchronous_rate(kept->executor, 1); }};
}

probes postgres_group_probes(const settings&) {
  const auto kept = stored_in_postgres();
  return {[kept] { return synchronous_rate(*kept, 64); },
          [kept] { return synchronous_rate(*kept, 1); }};
}

/// A run of one step, from its start to its end: a claim, two batches, a claim given back.
probes postgres_run_probes(const settings& how) {
  const auto kept = stored_in_postgres();
  const auto floor =
      std::make_shared<postgres_floor>(postgres_target(), insert_options{60, 1, false});
  return {microseconds_per_call(
              [kept](std::uint64_t runs) {
                for (; runs > 0; --runs) finished(kept->run_to_result({.limit = 1}));
              },
              how),
          microseconds_per_call([floor](std::uint64_t n) { floor->insert(n); }, how,
                                [floor] { floor->clear(); })};
}

std::vector<spec> postgres_rows() {
  using enum bound_kind;
  if (postgres_target().empty()) return {};
  return {
      {"superstep in the loop, PostgreSQL, async",
       "us",
       "libpq: inserting the same bytes, pipelined",
       {{ratio_at_most, 4}},
       postgres_probes},
      {"supersteps per second, PostgreSQL, sync, 64 runs at once",
       "1/s",
       "one run",
       {{ratio_at_least, 8}},
       postgres_group_probes},
      {"run of one step, PostgreSQL",
       "us",
       "libpq: one insert, committed",
       {},
       postgres_run_probes},
  };
}

constexpr std::int64_t append_window = 1000;

mcp::update<counter_state> append_message(const counter_state& s) {
  return mcp::update<counter_state>{}
      .set(&counter_state::n, s.n + 1)
      .append(&counter_state::log, std::string(200, 'm'));
}

mcp::update<chat_state> append_identified(const chat_state& s) {
  const auto id = "c0ffee00-0000-4000-8000-" + std::to_string(100'000'000'000 + s.n);
  return mcp::update<chat_state>{}
      .set(&chat_state::n, s.n + 1)
      .append(&chat_state::chat, {.id = id, .role = "user", .content = std::string(200, 'm')});
}

/// Time per step over `append_window` steps from step `from` on, within one run.
template <class State>
double append_microseconds(bool in_sqlite, std::int64_t from,
                           mcp::update<State> (*append)(const State&)) {
  using clock = std::chrono::steady_clock;
  clock::time_point began;
  clock::time_point ended;
  const auto node = [&began, &ended, from, append](const State& s) {
    if (s.n == from) began = clock::now();
    if (s.n == from + append_window) ended = clock::now();
    return append(s);
  };
  const auto steps = from + append_window + 1;
  const auto graph = loop_graph<State>(node);
  if (in_sqlite) {
    finished(stored<State>{graph}.executor.run_to_result({.limit = steps}, long_run(steps)));
  } else {
    finished(mcp::executor<State>{graph}.run_to_result({.limit = steps}, long_run(steps)));
  }
  return std::chrono::duration<double, std::micro>(ended - began).count() /
         static_cast<double>(append_window);
}

template <class State>
spec append_row(const std::string& what, bool in_sqlite, std::int64_t from,
                mcp::update<State> (*append)(const State&)) {
  const std::string where = in_sqlite ? "SQLite" : "nothing stored";
  return {what + " per step, " + where + ", at step " + std::to_string(from),
          "us",
          "at step 100",
          {{bound_kind::ratio_at_most, 1.15}},
          [=](const settings&) -> probes {
            return {[=] { return append_microseconds(in_sqlite, from, append); },
                    [=] { return append_microseconds(in_sqlite, 100, append); }};
          }};
}

probes file_size_probes(const settings&) {
  return {[] {
            constexpr std::int64_t steps = 10'000;
            temporary_folder folder;
            const auto file = folder.path() / "bench.db";
            {
              counter_executor executor{loop_graph(append_message),
                                        {.store = mcp::sqlite_checkpoint_store(file.string())}};
              finished(executor.run_to_result({.limit = steps}, long_run(steps)));
            }
            return static_cast<double>(std::filesystem::file_size(file)) / 1e6;
          },
          [] { return 10'000 * 200 / 1e6; }};
}

}  // namespace

std::vector<spec> store_rows() {
  using enum bound_kind;
  std::vector<spec> rows{
      {"superstep in the loop, in-memory checkpoints",
       "us",
       "the loop, nothing stored",
       {{ratio_at_most, 2}},
       in_memory_probes},
      {"superstep in the loop, SQLite, async",
       "us",
       "SQLite: inserting the same bytes, batched",
       {{ratio_at_most, 2.5}, {value_at_most, 50}},
       sqlite_probes},
      {"supersteps per second, SQLite, sync, 64 runs at once",
       "1/s",
       "one run",
       {{ratio_at_least, 8}},
       group_commit_probes},
      append_row("append 200 B", true, 1000, append_message),
      append_row("append 200 B", true, 10'000, append_message),
      // Not stored, and not at 10,000: a snapshot, or the index growing to twice its size, would be
      // most of what so few steps cost.
      append_row("message with an id", false, 12'000, append_identified),
      {"file after 10,000 appended messages of 200 B",
       "MB",
       "their content",
       {{ratio_at_most, 3}},
       file_size_probes},
      {"planner team, SQLite, async",
       "us",
       "",
       {},
       [](const settings& how) -> probes {
         const auto folder = std::make_shared<temporary_folder>();
         const auto executor = std::make_shared<mcp::executor<sum_state>>(
             team_graph(), mcp::executor_options{.store = mcp::sqlite_checkpoint_store(
                                                     (folder->path() / "team.db").string())});
         return {microseconds_per_call(
                     [folder, executor](std::uint64_t runs) {
                       for (; runs > 0; --runs) finished(executor->run_to_result({}));
                     },
                     how),
                 {}};
       }},
  };
  for (auto& one : postgres_rows()) rows.push_back(std::move(one));
  return rows;
}

}  // namespace bench
