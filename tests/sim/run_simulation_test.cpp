// Random graphs under crashes, lost and late results and a slow store end as a naive interpreter
// says.

#include "sim/simulated_run.hpp"
#include "support/catch.hpp"

#include <cstdlib>

namespace {

constexpr std::uint64_t seeds_per_run = 3000;

std::uint64_t first_seed() {
  if (const char* given = std::getenv("MCP_TEST_SEED")) return std::stoull(given);
  return std::random_device{}();
}

}  // namespace

TEST_CASE("Any run ends as if its nodes had run one after the other without a crash.", "[sim]") {
  const auto first = first_seed();
  WARN("MCP_TEST_SEED=" << first);
  int crashes = 0;
  int runs = 0;
  std::uint64_t events = 0;
  for (auto seed = first; seed < first + seeds_per_run; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    const auto graph = sim::make_graph(seed);
    const auto expected = sim::interpret(graph);
    if (expected.too_long) continue;  // the same ways, only more of them
    ++runs;
    sim::simulated_run run(graph, sim::mix(seed, 1));
    REQUIRE_NOTHROW(run.run());
    REQUIRE(run.reached().log == expected.reached.log);
    REQUIRE(mcp::to_json(run.reached()) == mcp::to_json(expected.reached));
    REQUIRE(run.step() == expected.supersteps - 1);
    crashes += run.crashes();
    events += run.events();
  }
  WARN(runs << " runs, " << crashes << " crashes, " << events << " events");
  CHECK(crashes > runs / 2);
}
