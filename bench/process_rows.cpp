#include "floors.hpp"
#include "graphs.hpp"
#include "rows.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <unistd.h>

namespace bench {
namespace {

using counter_executor = mcp::executor<counter_state>;

constexpr std::chrono::milliseconds waiting_time{1000};

double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Runs that wait on a timer, all at once: the time until the last has ended, and the memory of
/// each.
struct waiting_runs {
  explicit waiting_runs(std::size_t how_many) : runs(how_many) {
    mcp::graph<counter_state> graph{"waiting"};
    graph.entry_point("wait").node("wait",
                                   [](const counter_state&, mcp::reply<counter_state> reply) {
                                     reply.done_after(waiting_time, {});
                                   });
    executor = std::make_unique<counter_executor>(graph);
  }
  void go() {
    const double before = resident_bytes();
    milliseconds = microseconds_of([&] {
                     std::vector<mcp::run_handle<counter_state>> started;
                     started.reserve(runs);
                     for (std::size_t i = 0; i < runs; ++i) {
                       started.push_back(executor->start(counter_state{}));
                     }
                     bytes_per_run = (resident_bytes() - before) / static_cast<double>(runs);
                     for (const auto& run : started) finished(run.join());
                   }) /
                   1000;
  }
  std::size_t runs;
  std::unique_ptr<counter_executor> executor;
  double milliseconds = 0;
  double bytes_per_run = 0;
};

/// Runs that ask a person: how long each takes until it waits, and what it then takes in the file.
struct asking_runs {
  explicit asking_runs(std::size_t how_many) : runs(how_many) {
    mcp::graph<counter_state> graph{"asking"};
    graph.entry_point("ask").node("ask", [](const counter_state& s, mcp::context& ctx) {
      return mcp::update<counter_state>{}.set(&counter_state::n,
                                              s.n + ctx.ask<std::int64_t>("How many?"));
    });
    executor = std::make_unique<counter_executor>(
        graph, mcp::executor_options{.store = mcp::sqlite_checkpoint_store(file.string())});
  }
  /// Microseconds per run.
  double ask() {
    return microseconds_of([&] {
             std::vector<mcp::run_handle<counter_state>> started;
             for (std::size_t i = 0; i < runs; ++i) {
               started.push_back(executor->start(
                   counter_state{},
                   {.thread_id = std::to_string(asked + i), .durability = mcp::durability::async}));
             }
             for (const auto& run : started) static_cast<void>(run.wait());
             asked += runs;
           }) /
           static_cast<double>(runs);
  }
  /// The same, of those asked last.
  double answer() {
    return microseconds_of([&] {
             std::vector<mcp::run_handle<counter_state>> started;
             for (std::size_t i = asked - runs; i < asked; ++i) {
               started.push_back(
                   executor->resume(std::to_string(i), mcp::answers::only(std::int64_t{1})));
             }
             for (const auto& run : started) finished(run.join());
           }) /
           static_cast<double>(runs);
  }
  [[nodiscard]] double file_bytes_per_run() const {
    std::uintmax_t sum = 0;
    for (const auto& one : std::filesystem::directory_iterator{folder.path()}) {
      sum += one.file_size();
    }
    return static_cast<double>(sum) / static_cast<double>(asked);
  }

  std::size_t runs;
  std::size_t asked = 0;
  temporary_folder folder{};
  std::filesystem::path file = folder.path() / "asking.db";
  std::unique_ptr<counter_executor> executor;
};

spec asking_row(const char* name, const char* unit, std::vector<bound> target,
                double (*measure)(asking_runs&)) {
  return {name, unit, "", std::move(target), [measure](const settings& how) -> probes {
            const auto kept = std::make_shared<asking_runs>(how.quick ? 100 : 2'000);
            return {[kept, measure] { return measure(*kept); }, {}};
          }};
}

spec waiting_memory_row(std::size_t runs, const char* text) {
  return {std::string{"memory of each of "} + text + " runs waiting on a timer",
          "B",
          "",
          {{bound_kind::value_at_most, 4096}},
          [runs](const settings&) -> probes {
            return {[runs] {
                      waiting_runs waiting{runs};
                      waiting.go();
                      return waiting.bytes_per_run;
                    },
                    {}};
          }};
}

}  // namespace

void be_first_program() {
  counter_executor executor{chain_graph()};
  finished(executor.run_to_result({}));
  print_resident();
}

std::vector<spec> process_rows() {
  using enum bound_kind;
  return {
      waiting_memory_row(10'000, "10,000"),
      waiting_memory_row(100'000, "100,000"),
      {"10,000 runs waiting on a timer of 1 s",
       "ms",
       "a bare timer",
       {{ratio_at_most, 1.3}},
       [](const settings&) -> probes {
         constexpr std::size_t runs = 10'000;
         return {[] {
                   waiting_runs waiting{runs};
                   waiting.go();
                   return waiting.milliseconds;
                 },
                 [] { return timer_wall(runs, waiting_time); }};
       }},
      asking_row("run that asks a person, until it waits (SQLite, async)", "us", {},
                 [](asking_runs& all) { return all.ask(); }),
      asking_row("run that is answered, until its end (SQLite)", "us", {},
                 [](asking_runs& all) {
                   static_cast<void>(all.ask());
                   return all.answer();
                 }),
      asking_row("file of each run that waits for a person", "B", {{value_at_most, 4096}},
                 [](asking_runs& all) {
                   static_cast<void>(all.ask());
                   return all.file_bytes_per_run();
                 }),
      {"cold start to first result",
       "ms",
       "bare CAF",
       {{value_at_most, 20}},
       [](const settings&) -> probes {
         return {[] { return start_process(first_program_argument).milliseconds; },
                 [] { return start_process(bare_caf_argument).milliseconds; }};
       }},
      {"resident memory after the first result",
       "MiB",
       "bare CAF",
       {},
       [](const settings&) -> probes {
         return {[] { return start_process(first_program_argument).resident_mib; },
                 [] { return start_process(bare_caf_argument).resident_mib; }};
       }},
      {"size of libmcp.so",
       "MiB",
       "",
       {},
       [](const settings&) -> probes {
         return {[] {
                   return static_cast<double>(std::filesystem::file_size(BENCH_LIBRARY)) / 1024 /
                          1024;
                 },
                 {}};
       }},
  };
}

}  // namespace bench
