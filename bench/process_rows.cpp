#include "floors.hpp"
#include "graphs.hpp"
#include "rows.hpp"

#include <cstdio>
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
  };
}

}  // namespace bench
