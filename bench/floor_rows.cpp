#include "floors.hpp"

#include <memory>
#include <utility>

namespace bench {
namespace {

using step = void (caf_floor::*)(std::uint64_t);

spec caf_row(std::string name, step work) {
  return {std::move(name), "us", "", {}, [work](const settings& how) -> probes {
            const auto floor = std::make_shared<caf_floor>();
            return {microseconds_per_call(
                        [floor, work](std::uint64_t count) { (floor.get()->*work)(count); }, how),
                    {}};
          }};
}

spec chain_row(std::string name, outside_wait wait) {
  return {std::move(name), "us", "", {}, [wait](const settings& how) -> probes {
            const auto floor = std::make_shared<caf_floor>();
            return {microseconds_per_call(
                        [floor, wait](std::uint64_t count) { floor->chains(count, wait); }, how),
                    {}};
          }};
}

spec insert_row(std::string name, insert_options options) {
  return {std::move(name), "us", "", {}, [options](const settings& how) -> probes {
            const auto floor = std::make_shared<sqlite_floor>(options);
            const sampler transaction =
                microseconds_per_call([floor](std::uint64_t count) { floor->insert(count); }, how,
                                      [floor] { floor->clear(); });
            const auto rows = static_cast<double>(options.batch);
            return {[transaction, rows] { return transaction() / rows; }, {}};
          }};
}

spec timer_row(std::string name, std::size_t count) {
  return {std::move(name), "ms", "", {}, [count](const settings&) -> probes {
            return {[count] { return timer_wall(count, std::chrono::milliseconds(100)); }, {}};
          }};
}

}  // namespace

std::vector<spec> floor_rows() {
  using std::chrono::microseconds;
  return {
      caf_row("bare CAF: send and answer round trip", &caf_floor::round_trips),
      caf_row("bare CAF: round trip, outside lends its thread",
              &caf_floor::round_trips_lending_the_thread),
      caf_row("bare CAF: spawn, one round trip, quit", &caf_floor::spawns),
      caf_row("bare CAF: spawn, three round trips, quit; inside", &caf_floor::chains_inside),
      chain_row("bare CAF: the same, asked from outside", {}),
      chain_row("bare CAF: the same, outside spins 50 us", {microseconds(50)}),
      caf_row("bare CAF: the same, outside lends its thread",
              &caf_floor::chains_lending_the_thread),
      insert_row("SQLite: insert 200 B, 64 a transaction", {200, 64, false}),
      insert_row("SQLite: insert 200 B, one a transaction", {200, 1, false}),
      insert_row("SQLite: insert 200 B, one a transaction, FULL", {200, 1, true}),
      timer_row("timer: 10,000 of 100 ms in one heap", 10'000),
      timer_row("timer: 100,000 of 100 ms in one heap", 100'000),
      {"bare CAF: cold start to first answer",
       "ms",
       "",
       {},
       [](const settings&) -> probes {
         return {[] { return start_process(bare_caf_argument).milliseconds; }, {}};
       }},
      {"bare CAF: resident memory",
       "MiB",
       "",
       {},
       [](const settings&) -> probes {
         return {[] { return start_process(bare_caf_argument).resident_mib; }, {}};
       }},
  };
}

}  // namespace bench
