#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

struct leaf {
  int branch = 0;
  int number = 0;
};
MCP_STRUCT(leaf, branch, number)

}  // namespace

TEST_CASE(
    "A target of a send that itself sends gives 2 times 3 leaves, in the order of the sends") {
  const scenario_store box{any_store()};
  auto tree = graph<notes>("tree")
                  .node("root", logs("root"))
                  .node("branch",
                        [](const leaf& in) {
                          routes leaves;
                          for (int i = 0; i < 3; ++i) leaves.add(send{"leaf", leaf{in.branch, i}});
                          return command<notes>{}.go_to(leaves);
                        })
                  .node("leaf",
                        [](const leaf& in) {
                          return update<notes>{}
                              .append(&notes::log,
                                      std::to_string(in.branch) + "." + std::to_string(in.number))
                              .set(&notes::count, 1);
                        })
                  .entry_point("root")
                  .router("root", [](const notes&) {
                    return routes{send{"branch", leaf{0, 0}}, send{"branch", leaf{1, 0}}};
                  });
  executor<notes> runs{tree, box.options()};
  const auto made = runs.run({});
  CHECK(made.count == 6);
  CHECK(made.log == words{"root", "0.0", "0.1", "0.2", "1.0", "1.1", "1.2"});
}

TEST_CASE("A command beside a sibling's plain edge fires both") {
  const scenario_store box{any_store()};
  auto both =
      graph<notes>("both")
          .node("a",
                [](const notes&) {
                  return command<notes>{update<notes>{}.append(&notes::log, "a")}.go_to("left");
                },
                {.destinations = {"left"}})
          .node("b", logs("b"))
          .node("left", logs("left"))
          .node("right", logs("right"))
          .entry_point("a")
          .entry_point("b")
          .edge("b", "right");
  executor<notes> runs{both, box.options()};
  CHECK(runs.run({}).log == words{"a", "b", "left", "right"});
}

TEST_CASE("Two commands in one superstep both fire, and a plain edge beside a command too") {
  const scenario_store box{any_store()};
  const auto jumps = [](const std::string& line, const std::string& to) {
    return [line, to](const notes&) {
      return command<notes>{update<notes>{}.append(&notes::log, line)}.go_to(to);
    };
  };
  auto two = graph<notes>("two")
                 .node("a", jumps("a", "left"), {.destinations = {"left"}})
                 .node("b", jumps("b", "right"), {.destinations = {"right"}})
                 .node("left", logs("left"))
                 .node("plain", logs("plain"))
                 .node("right", logs("right"))
                 .entry_point("a")
                 .entry_point("b")
                 .edge("a", "plain");
  executor<notes> runs{two, box.options()};
  CHECK(runs.run({}).log == words{"a", "b", "left", "plain", "right"});
}

TEST_CASE("The order of a reducer does not depend on which task is done first") {
  const scenario_store box{any_store()};
  door others_done;
  std::atomic<int> done{0};
  const opens_at_end safely{others_done};
  const auto quick = [&](std::string line) {
    return [&, line](const notes&) {
      if (++done == 2) others_done.open();
      return update<notes>{}.append(&notes::log, line);
    };
  };
  auto race = graph<notes>("race")
                  .node("a",
                        [&](const notes&) {
                          others_done.wait();
                          return update<notes>{}.append(&notes::log, "a");
                        },
                        {.blocking = true})
                  .node("b", quick("b"), {.blocking = true})
                  .node("c", quick("c"), {.blocking = true})
                  .entry_point("a")
                  .entry_point("b")
                  .entry_point("c");
  executor<notes> runs{race, box.options()};
  CHECK(runs.run({}).log == words{"a", "b", "c"});
}

TEST_CASE("A cycle that ran away is told with all nodes of its supersteps") {
  executor<notes> loops{graph<notes>("wide")
                            .node("a", logs("a"))
                            .node("b", logs("b"))
                            .node("c", logs("c"))
                            .entry_point("a")
                            .edge("a", "b")
                            .edge("a", "c")
                            .edge("b", "a")
                            .router("c", [](const notes&) { return routes{}; }, {end})};
  const auto ended = loops.run_to_result({}, {.recursion_limit = 20});
  REQUIRE(ended.status() == run_status::failed);
  INFO(ended.info.error->message());
  CHECK((mentions(ended.info.error->message(), "repeat a -> b + c -> a") ||
         mentions(ended.info.error->message(), "repeat b + c -> a -> b + c")));
}

TEST_CASE("A run of N supersteps needs a recursion limit of N + 1, and the error names the cycle") {
  const scenario_store box{any_store()};
  auto chain = graph<notes>("chain")
                   .node("a", logs("a"))
                   .node("b", logs("b"))
                   .node("c", logs("c"))
                   .entry_point("a")
                   .sequence({"a", "b", "c"});
  executor<notes> runs{chain, box.options()};
  CHECK(runs.run({}, {.recursion_limit = 4}).log == words{"a", "b", "c"});
  const auto short_of_one = runs.run_to_result({}, {.recursion_limit = 3});
  REQUIRE(short_of_one.status() == run_status::failed);
  CHECK(short_of_one.info.error->code() == errc::recursion_limit);
  CHECK(code_of([&] { return runs.run({}, {.recursion_limit = 0}); }) == errc::invalid_argument);
  auto loop = graph<notes>("loop")
                  .node("ping", logs("ping"))
                  .node("pong", logs("pong"))
                  .entry_point("ping")
                  .edge("ping", "pong")
                  .router("pong", [](const notes& s) { return s.count > 0 ? end : "ping"; });
  executor<notes> loops{loop, box.options()};
  const auto runaway = loops.run_to_result({}, {.thread_id = "r", .recursion_limit = 11});
  REQUIRE(runaway.status() == run_status::failed);
  CHECK(runaway.info.error->code() == errc::recursion_limit);
  CHECK(mentions(runaway.info.error->message(), "ping -> pong"));
  CHECK(runaway.state().log.size() == 11);
}

TEST_CASE("Nodes see how many supersteps are left") {
  auto loop = graph<notes>("loop")
                  .node("a",
                        [](const notes&, context& ctx) {
                          command<notes> next{update<notes>{}.append(
                              &notes::log, std::to_string(ctx.remaining_steps()))};
                          if (!ctx.is_last_step()) next.go_to("a");
                          return next;
                        })
                  .entry_point("a");
  executor<notes> runs{loop};
  CHECK(runs.run({}, {.recursion_limit = 4}).log == words{"3", "2", "1"});
}

TEST_CASE("A deferred node runs after branches of different length") {
  const scenario_store box{any_store()};
  auto fan = graph<notes>("fan")
                 .node("a", logs("a"))
                 .node("long1", logs("long1"))
                 .node("long2", logs("long2"))
                 .node("quick", logs("quick"))
                 .node("last", logs("last"), {.defer = true})
                 .entry_point("a")
                 .edge("a", "quick")
                 .sequence({"a", "long1", "long2", "last"})
                 .edge("quick", "last");
  executor<notes> runs{fan, box.options()};
  CHECK(runs.run({}).log == words{"a", "long1", "quick", "long2", "last"});
}

TEST_CASE("Without a join or a deferral a node runs once for each superstep that leads to it") {
  auto fan = graph<notes>("fan")
                 .node("a", logs("a"))
                 .node("long", logs("long"))
                 .node("quick", logs("quick"))
                 .node("then", logs("then"))
                 .entry_point("a")
                 .edge("a", "quick")
                 .sequence({"a", "long"})
                 .node("longer", logs("longer"))
                 .edge("long", "longer")
                 .edge("longer", "then")
                 .edge("quick", "then");
  executor<notes> runs{fan};
  CHECK(runs.run({}).log == words{"a", "long", "quick", "longer", "then", "then"});
}

TEST_CASE("A join waits for all its sources, again in every round") {
  const scenario_store box{any_store()};
  auto fan = graph<notes>("fan")
                 .node("a", logs("a"))
                 .node("long1", logs("long1"))
                 .node("long2", logs("long2"))
                 .node("quick", logs("quick"))
                 .node("all",
                       [](const notes&) {
                         return update<notes>{}.append(&notes::log, "all").set(&notes::count, 1);
                       })
                 .entry_point("a")
                 .edge("a", "quick")
                 .sequence({"a", "long1", "long2"})
                 .join({"quick", "long2"}, "all")
                 .router("all", [](const notes& s) { return s.count < 2 ? "a" : end; });
  executor<notes> runs{fan, box.options()};
  const words round{"a", "long1", "quick", "long2", "all"};
  words twice = round;
  twice.insert(twice.end(), round.begin(), round.end());
  CHECK(runs.run({}).log == twice);
}

TEST_CASE("The edge map is asked once per superstep on the state after it") {
  const scenario_store box{any_store()};
  std::atomic<int> asked{0};
  auto agent =
      graph<notes>("agent")
          .node("think", logs("think"))
          .node("tool",
                [](const notes&) {
                  return update<notes>{}.append(&notes::log, "tool").set(&notes::answer, "found");
                })
          .edges([&asked](const notes& s) -> std::string {
            ++asked;
            if (s.answer.empty()) return "tool";
            return s.log.back() == "tool" ? "think" : end;
          })
          .entry_point("think");
  executor<notes> runs{agent, box.options()};
  CHECK(runs.run({}).log == words{"think", "tool", "think"});
  CHECK(asked == 3);
}

TEST_CASE("A router sees its own node's writes but not those of a sibling") {
  const scenario_store box{any_store()};
  std::atomic<std::int64_t> seen{-1};
  auto fan = graph<notes>("fan")
                 .node("a", [](const notes&) { return update<notes>{}.set(&notes::count, 1); })
                 .node("b", [](const notes&) { return update<notes>{}.set(&notes::count, 10); })
                 .entry_point("a")
                 .entry_point("b")
                 .router("a", [&seen](const notes& s) {
                   seen = s.count;
                   return end;
                 });
  executor<notes> runs{fan, box.options()};
  CHECK(runs.run({}).count == 11);
  CHECK(seen == 1);
}

TEST_CASE("An unknown target of a command is named with a suggestion") {
  const scenario_store box{any_store()};
  auto lost = graph<notes>("lost")
                  .node("search", [](const notes&) { return command<notes>{}.go_to("reveiw"); })
                  .node("review", logs("review"))
                  .entry_point("search")
                  .router("search", [](const notes&) { return end; }, {"review"});
  executor<notes> runs{lost, box.options()};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_goto);
  CHECK(mentions(ended.info.error->message(), "\"reveiw\""));
  CHECK(mentions(ended.info.error->message(), "\"review\""));
  CHECK(mentions(ended.info.error->message(), "search"));
}

TEST_CASE("A send of another type than its target takes is an error") {
  auto lost = graph<notes>("lost")
                  .node("a",
                        [](const notes&) {
                          return command<notes>{}.go_to(send{"b", 3});
                        })
                  .node("b", [](const leaf&) { return update<notes>{}; })
                  .entry_point("a")
                  .router("a", [](const notes&) { return end; }, {"b"});
  executor<notes> runs{lost};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_goto);
}

TEST_CASE("A fallback that takes the state works on the run's when a send brought something else") {
  const scenario_store box{any_store()};
  auto rescue =
      graph<notes>("rescue")
          .node("plan", logs("plan"))
          .node("work", [](const leaf&) { throw std::runtime_error{"no"}; }, {.fallback = "rescue"})
          .node("rescue",
                [](const notes& s, context& ctx) {
                  return update<notes>{}.append(&notes::log,
                                                s.topic + ": " + ctx.failure()->message());
                })
          .entry_point("plan")
          .router("plan", [](const notes&) {
            return send{"work", leaf{1, 2}};
          });
  executor<notes> runs{rescue, box.options()};
  CHECK(runs.run({.topic = "mine"}).log == words{"plan", "mine: no"});
}

TEST_CASE("A send may bring a state of its own, across a question too") {
  const scenario_store box{real_store()};
  auto brings = graph<notes>("brings")
                    .node("plan", logs("plan"))
                    .node("work",
                          [](const notes& s, context& ctx) {
                            const auto said = ctx.ask<std::string>("go on?");
                            return update<notes>{}.append(&notes::log, s.topic + " " + said);
                          })
                    .entry_point("plan")
                    .router("plan", [](const notes&) {
                      return send{"work", notes{.topic = "other"}};
                    });
  executor<notes> runs{brings, box.options()};
  REQUIRE(runs.run_to_result({.topic = "mine"}, {.thread_id = "t"}).status() ==
          run_status::interrupted);
  CHECK(runs.resume("t", answers::only("yes")).join().state().log == words{"plan", "other yes"});
}

}  // namespace mcp::test
