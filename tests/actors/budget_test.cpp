#include "actors/scenario.hpp"

#include <future>

namespace mcp::test {
namespace {

struct purse {
  std::vector<std::string> log{};
};
MCP_STATE(purse, (log, mcp::append))

graph<notes> endless() {
  return graph<notes>("endless")
      .node("a", logs("a"))
      .entry_point("a")
      .router("a", [](const notes& s) { return s.count > 0 ? end : "a"; });
}

}  // namespace

TEST_CASE(
    "A budget of steps or of node calls stops the run where it is, and a larger one goes on") {
  const scenario_store box{real_store()};
  const auto budget = GENERATE(run_budget{.steps = 3}, run_budget{.node_calls = 3});
  executor<notes> runs{endless(), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t", .budget = budget});
  REQUIRE(stopped.status() == run_status::failed);
  CHECK(stopped.info.error->code() == errc::budget_exceeded);
  CHECK(stopped.info.usage.node_calls == 3);
  CHECK(runs.state("t").values.log.size() == 3);
  auto larger = budget;
  if (larger.steps > 0) larger.steps = 5;
  if (larger.node_calls > 0) larger.node_calls = 5;
  const auto more = runs.resume("t", {}, {.budget = larger}).join();
  REQUIRE(more.status() == run_status::failed);
  CHECK(more.state().log.size() == 5);
}

TEST_CASE("Counters are charged by nodes of the run and of its subgraphs alike") {
  auto child = graph<purse>("child")
                   .node("x",
                         [](const purse&, context& ctx) {
                           ctx.charge("tokens", 40);
                           ctx.charge("calls", 1);
                         })
                   .entry_point("x");
  auto outer = graph<notes>("outer")
                   .node("a", [](const notes&, context& ctx) { ctx.charge("tokens", 50); })
                   .node("child", child)
                   .entry_point("a")
                   .edge("a", "child");
  executor<notes> runs{outer};
  const auto enough = runs.run_to_result({}, {.budget = {.counters = {{"tokens", 90}}}});
  REQUIRE(enough.done());
  CHECK(enough.info.usage.counters.at("tokens") == 90);
  CHECK(enough.info.usage.counters.at("calls") == 1);
  CHECK(enough.info.usage.node_calls == 3);
  const auto little = runs.run_to_result({}, {.budget = {.counters = {{"tokens", 89}}}});
  REQUIRE(little.status() == run_status::failed);
  CHECK(little.info.error->code() == errc::budget_exceeded);
  CHECK(little.info.usage.counters.at("tokens") == 50);
}

TEST_CASE("A reservation is settled at its price or given back") {
  auto one = graph<notes>("one")
                 .node("a",
                       [](const notes& s, context& ctx) {
                         auto held = ctx.reserve("tokens", 60);
                         if (s.topic == "settle") held.settle(25);
                         if (s.topic == "more") held.settle(70);
                         if (s.topic == "throw") throw std::runtime_error{"model"};
                       })
                 .entry_point("a");
  executor<notes> runs{one};
  const auto used = [&](const std::string& topic) {
    const auto ended =
        runs.run_to_result({.topic = topic}, {.budget = {.counters = {{"tokens", 100}}}});
    return ended.info.usage.counters.at("tokens");
  };
  CHECK(used("settle") == 25);
  CHECK(used("more") == 70);
  CHECK(used("throw") == 0);
  CHECK(used("leave") == 0);
  const auto refused = runs.run_to_result({}, {.budget = {.counters = {{"tokens", 59}}}});
  CHECK(refused.info.error->code() == errc::budget_exceeded);
}

TEST_CASE("What an attempt holds is free as soon as it is given up, and what it used is not") {
  const scenario_store box{real_store()};
  const bool inside = GENERATE(false, true);
  door gate;
  std::promise<void> late;
  const auto slow = [&](context& ctx) {
    auto held = ctx.reserve("tokens", 60);
    gate.wait();
    held.settle(10);
    late.set_value();
  };
  auto child = graph<purse>("child")
                   .node("x", [slow](const purse&, context& ctx) { slow(ctx); }, {.blocking = true})
                   .entry_point("x");
  const node_options patience{.timeout = timeout_policy{.run = milliseconds{20}},
                              .fallback = "instead"};
  auto outer = graph<notes>("outer");
  if (inside) {
    outer.node("a", child, patience);
  } else {
    auto alone = patience;
    alone.blocking = true;
    outer.node(
        "a", [slow](const notes&, context& ctx) { slow(ctx); }, alone);
  }
  outer.node("instead", [](const notes&, context& ctx) { ctx.reserve("tokens", 60).settle(5); })
      .node("b",
            [&](const notes&, context& ctx) {
              gate.open();
              late.get_future().wait();
              ctx.reserve("tokens", 85).settle(1);
            },
            {.blocking = true})
      .entry_point("a")
      .edge("a", "b");
  executor<notes> runs{outer, box.options()};
  const auto ended = runs.run_to_result({}, {.budget = {.counters = {{"tokens", 100}}}});
  ended.check();
  CHECK(ended.info.usage.counters.at("tokens") == 5 + 10 + 1);
}

TEST_CASE("What a cancelled run holds is not stored as used") {
  const scenario_store box{real_store()};
  door gate;
  door began;
  auto one = graph<notes>("one")
                 .node("a",
                       [&](const notes&, context& ctx) {
                         auto held = ctx.reserve("tokens", 60);
                         began.open();
                         gate.wait();
                         held.settle(10);
                       },
                       {.blocking = true})
                 .entry_point("a");
  executor<notes> runs{one, box.options()};
  const opens_at_end opens{gate};
  const run_options limited{.thread_id = "t", .budget = {.counters = {{"tokens", 70}}}};
  auto handle = runs.start({}, limited);
  began.wait();
  handle.cancel();
  const auto cancelled = handle.join();
  CHECK(cancelled.status() == run_status::cancelled);
  CHECK(cancelled.info.usage.counters.at("tokens") == 0);
  gate.open();
  const auto ended = runs.resume("t", {}, limited).join();
  ended.check();
  CHECK(ended.info.usage.counters.at("tokens") == 10);
}

TEST_CASE("A run past its deadline fails though a node of it still works") {
  const scenario_store box{any_store()};
  door gate;
  auto slow = graph<notes>("slow")
                  .node("a", [&gate](const notes&) { gate.wait(); }, {.blocking = true})
                  .entry_point("a");
  executor<notes> runs{slow, box.options()};
  const opens_at_end safely{gate};
  const auto late = runs.run_to_result({}, {.deadline = milliseconds{20}});
  REQUIRE(late.status() == run_status::failed);
  CHECK(late.info.error->code() == errc::deadline_exceeded);
}

TEST_CASE("What was charged beside a question counts when the run goes on") {
  const scenario_store box{real_store()};
  const bool inside = GENERATE(false, true);
  auto pair = graph<notes>("pair")
                  .node("charges", [](const notes&, context& ctx) { ctx.charge("tokens", 60); })
                  .node("asks",
                        [](const notes&, context& ctx) {
                          const auto wanted = ctx.ask<int>("how many more?");
                          ctx.charge("tokens", wanted);
                        })
                  .entry_point("charges")
                  .entry_point("asks");
  auto outer = graph<notes>("outer").node("pair", pair).entry_point("pair");
  executor<notes> runs{inside ? outer : pair, box.options()};
  const run_options limited{.thread_id = "t", .budget = {.counters = {{"tokens", 100}}}};
  REQUIRE(runs.run_to_result({}, limited).status() == run_status::interrupted);
  const auto ended = runs.resume("t", answers::only(50)).join();
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::budget_exceeded);
  CHECK(ended.info.usage.counters.at("tokens") == 60);
}

TEST_CASE("Usage goes on across a question though nothing limits it") {
  const scenario_store box{real_store()};
  executor<notes> runs{graph<notes>("one")
                           .node("a",
                                 [](const notes&, context& ctx) {
                                   static_cast<void>(ctx.ask<bool>("go on?"));
                                   ctx.charge("tokens", 5);
                                 })
                           .entry_point("a"),
                       box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).info.usage.node_calls == 1);
  const auto ended = runs.resume("t", answers::only(true)).join();
  REQUIRE(ended.done());
  CHECK(ended.info.usage.node_calls == 2);
  CHECK(ended.info.usage.counters.at("tokens") == 5);
}

}  // namespace mcp::test
