#include "mcp/metrics.hpp"

#include "actors/scenario.hpp"

#include <array>

namespace mcp::test {
namespace {

using Catch::Matchers::Contains;
using type = metric_family::type;

constexpr metric_family calls{"calls_total", "Calls."};
constexpr metric_family level{"level", "A level.", type::gauge};
constexpr std::array<double, 3> steps{0.5, 1, 2};
const metric_family sizes{"sizes", "Sizes.", type::histogram, steps};

}  // namespace

TEST_CASE("Metrics are shown as Prometheus reads them") {
  metrics all;
  CHECK(all.text().empty());
  all.add(calls, {{"who", "a"}});
  all.add(calls, {{"who", "a"}}, 2);
  all.add(calls, {{"who", "back\\slash \"quote\"\nline"}});
  all.set(level, {}, 0.25);
  for (const double one : {0.5, 0.6, 2.0, 3.0}) all.observe(sizes, {{"of", "x"}}, one);
  CHECK(all.text() == R"(# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{who="a"} 3
calls_total{who="back\\slash \"quote\"\nline"} 1
# HELP level A level.
# TYPE level gauge
level 0.25
# HELP sizes Sizes.
# TYPE sizes histogram
sizes_count{of="x"} 4
sizes_sum{of="x"} 6.1
sizes_bucket{of="x",le="0.5"} 1
sizes_bucket{of="x",le="1"} 2
sizes_bucket{of="x",le="2"} 3
sizes_bucket{of="x",le="+Inf"} 4
)");
  all.clear(level);
  CHECK_THAT(all.text(), !Contains("level"));
}

TEST_CASE("A metric keeps its type, its counters do not go down, and its names are checked") {
  metrics all;
  all.set(calls, {}, 5);
  all.set(calls, {}, 3);
  all.observe({"calls_total", "Another.", type::histogram, steps}, {}, 1);
  CHECK_THAT(all.text(), Contains("calls_total 5\n") && !Contains("Another."));
  CHECK_THROWS_WITH(
      all.add({"two words", ""}),
      Contains("the metric \"two words\": Invalid metric name; names are of letters"));
  CHECK(code_of([&] { return all.add(calls, {{"a-b", "c"}}), 0; }) == errc::invalid_argument);
}

TEST_CASE("Labels without end do not fill the memory, and are told of") {
  metrics all;
  for (std::size_t i = 0; i < metrics::max_series + 5; ++i) {
    all.add(calls, {{"who", std::to_string(i)}});
  }
  CHECK_THAT(all.text(),
             Contains("mcp_metrics_dropped_total 5\n") && Contains("{who=\"9999\"} 1\n"));
  CHECK_THAT(all.text(), !Contains("{who=\"10000\"}"));
  all.add(calls, {{"who", "7"}});  // known
  CHECK_THAT(all.text(), Contains("{who=\"7\"} 2\n"));
  all.clear(calls);
  all.add(calls, {{"who", "new"}});
  CHECK_THAT(all.text(), Contains("{who=\"new\"} 1\n"));
}

TEST_CASE("An executor counts runs, steps, tasks, retries, charges, breakers and batches") {
  const scenario_store box{stored_in::sqlite};
  const auto counts = std::make_shared<metrics>();
  std::atomic<int> calls_of_b{0};
  auto options = box.options();
  options.metrics = counts;
  executor<notes> runs{
      graph<notes>("trip")
          .node("a",
                [](const notes&, context& ctx) {
                  ctx.charge("tokens", 7);
                  return update<notes>{}.append(&notes::log, "a");
                })
          .node("b",
                [&](const notes&) -> update<notes> {
                  if (++calls_of_b == 1) throw error{errc::server_failed, "once"};
                  return update<notes>{}.append(&notes::log, "b");
                },
                {.retry = retry_policy{.max_attempts = 3, .initial_interval = milliseconds{1}},
                 .breaker = breaker_policy{.name = "door", .failure_threshold = 5}})
          .entry_point("a")
          .edge("a", "b"),
      std::move(options)};
  REQUIRE(runs.run_to_result({}).done());
  REQUIRE(runs.run_to_result({}).done());
  const auto text = counts->text();
  for (const auto* line : {
           "mcp_runs_started_total{graph=\"trip\"} 2\n",
           "mcp_runs_ended_total{graph=\"trip\",status=\"done\"} 2\n",
           "mcp_run_seconds_count{graph=\"trip\"} 2\n",
           "mcp_task_seconds_count{graph=\"trip\",node=\"a\",outcome=\"finished\"} 2\n",
           "mcp_task_seconds_count{graph=\"trip\",node=\"b\",outcome=\"finished\"} 2\n",
           "mcp_task_seconds_count{graph=\"trip\",node=\"b\",outcome=\"failed\"} 1\n",
           "mcp_task_retries_total{graph=\"trip\",node=\"b\"} 1\n",
           "mcp_charged_total{counter=\"tokens\",graph=\"trip\"} 14\n",
           "mcp_breaker_state{breaker=\"door\"} 0\n",
           "mcp_step_seconds_count{graph=\"trip\"} ",
           "mcp_store_batch_writes_count ",
       }) {
    CHECK_THAT(text, Contains(line));
  }
}

TEST_CASE("Tasks of a subgraph are counted under its name, and are no runs of their own") {
  const auto counts = std::make_shared<metrics>();
  auto inner = graph<notes>("inner").node("x", logs("x")).entry_point("x");
  executor<notes> runs{graph<notes>("outer").node("child", inner).entry_point("child"),
                       {.metrics = counts}};
  REQUIRE(runs.run_to_result({}).done());
  const auto text = counts->text();
  CHECK_THAT(text, Contains("mcp_task_seconds_count{graph=\"inner\",node=\"x\","
                            "outcome=\"finished\"} 1\n"));
  CHECK_THAT(text, Contains("mcp_task_seconds_count{graph=\"outer\",node=\"child\","
                            "outcome=\"finished\"} 1\n"));
  CHECK_THAT(text, Contains("mcp_runs_ended_total{graph=\"outer\",status=\"done\"} 1\n"));
  CHECK_THAT(text, !Contains("mcp_runs_ended_total{graph=\"inner\""));
}

}  // namespace mcp::test
