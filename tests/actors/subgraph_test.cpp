#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

/// Shares `log` and `count` with `notes`, and has a field of its own.
struct inner {
  std::vector<std::string> log{};
  std::int64_t count = 0;
  std::string own{};
};
MCP_STATE(inner, (log, mcp::append), (count, mcp::sum), own)

auto inner_logs(std::string line) {
  return [line = std::move(line)](const inner&) {
    return update<inner>{}.append(&inner::log, line).set(&inner::count, 1);
  };
}

auto inner_asks(const std::string& question) {
  return [question](const inner&, context& ctx) {
    return update<inner>{}.append(&inner::log, question + "=" + ctx.ask(question));
  };
}

graph<inner> pair_of(const std::string& name) {
  return graph<inner>(name)
      .node("x", inner_logs(name + ".x"))
      .node("y", inner_logs(name + ".y"))
      .entry_point("x")
      .edge("x", "y");
}

}  // namespace

TEST_CASE("A subgraph that shares fields adds its changes once") {
  const scenario_store box{any_store()};
  auto outer = graph<notes>("outer")
                   .node("a", logs("a"))
                   .node("child", pair_of("c"))
                   .node("z", logs("z"))
                   .entry_point("a")
                   .sequence({"a", "child", "z"});
  executor<notes> runs{outer, box.options()};
  const auto ended = runs.run({.count = 10}, {.thread_id = "t"});
  CHECK(ended.log == words{"a", "c.x", "c.y", "z"});
  CHECK(ended.count == 12);
}

TEST_CASE("Two subgraphs side by side both add their changes") {
  const scenario_store box{any_store()};
  auto outer = graph<notes>("outer")
                   .node("a", logs("a"))
                   .node("one", pair_of("1"))
                   .node("two", pair_of("2"))
                   .entry_point("a")
                   .edge("a", "one")
                   .edge("a", "two");
  executor<notes> runs{outer, box.options()};
  const auto ended = runs.run({}, {.thread_id = "t"});
  CHECK(ended.log == words{"a", "1.x", "1.y", "2.x", "2.y"});
  CHECK(ended.count == 4);
}

TEST_CASE("A subgraph with fields of its own is entered and left through functions") {
  const scenario_store box{any_store()};
  auto child =
      graph<inner>("child")
          .node("x", [](const inner& s) { return update<inner>{}.append(&inner::log, s.own); })
          .entry_point("x");
  auto outer = graph<notes>("outer")
                   .node("child", subgraph(
                                      child, [](const notes& s) { return inner{.own = s.topic}; },
                                      [](const inner& s) {
                                        return update<notes>{}.set(&notes::answer, s.log.front());
                                      }))
                   .entry_point("child");
  executor<notes> runs{outer, box.options()};
  const auto ended = runs.run({.topic = "owls"}, {.thread_id = "t"});
  CHECK(ended.answer == "owls");
  CHECK(ended.log.empty());
}

TEST_CASE("Subgraphs of subgraphs run and interrupt at any depth") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync, durability::exit);
  auto deepest = graph<inner>("deepest")
                     .node("before", inner_logs("before"))
                     .node("ask", inner_asks("deep"))
                     .entry_point("before")
                     .edge("before", "ask");
  auto middle = graph<inner>("middle")
                    .node("m", inner_logs("m"))
                    .node("deepest", deepest)
                    .entry_point("m")
                    .edge("m", "deepest");
  auto outer = graph<notes>("outer")
                   .node("a", logs("a"))
                   .node("middle", middle)
                   .node("z", logs("z"))
                   .entry_point("a")
                   .sequence({"a", "middle", "z"});
  executor<notes> runs{outer, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t", .durability = mode});
  REQUIRE(stopped.status() == run_status::interrupted);
  REQUIRE(stopped.interrupts().size() == 1);
  CHECK(stopped.interrupts().front().node == "ask");
  CHECK(mentions(stopped.interrupts().front().ns, "middle:"));
  CHECK(mentions(stopped.interrupts().front().ns, "|deepest:"));
  REQUIRE(runs.state("t").interrupts.size() == 1);
  CHECK(runs.state("t").interrupts.front().id == stopped.interrupts().front().id);
  const auto& ns = stopped.interrupts().front().ns;
  const auto inside = runs.state_of<inner>("t", ns);
  CHECK(inside.values.log == words{"a", "m", "before"});
  CHECK(inside.next == words{"ask"});
  CHECK(code_of([&] { return runs.state_of<notes>("t", ns); }) == errc::invalid_argument);
  CHECK(code_of([&] { return runs.state_of<inner>("t", ns + "x"); }) == errc::unknown_thread);
  const auto all = runs.namespaces("t");
  REQUIRE(all.size() == 3);
  CHECK(all.front().empty());
  CHECK(all.back() == ns);
  const auto ended = runs.resume("t", answers::only("yes")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "m", "before", "deep=yes", "z"});
  CHECK(ended.state().count == 2);
}

TEST_CASE("Two questions inside one subgraph are answered one at a time") {
  const scenario_store box{real_store()};
  auto child = graph<inner>("child")
                   .node("p", inner_asks("p"))
                   .node("q", inner_asks("q"))
                   .entry_point("p")
                   .entry_point("q");
  auto outer = graph<notes>("outer").node("child", child).entry_point("child");
  executor<notes> runs{outer, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 2);
  const auto& second = stopped.interrupts()[1];
  const auto half = runs.resume("t", answers{}.add(second.id, "2")).join();
  REQUIRE(half.status() == run_status::interrupted);
  REQUIRE(half.interrupts().size() == 1);
  CHECK(half.interrupts().front().node == "p");
  const auto ended = runs.resume("t", answers::only("1")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"p=1", "q=2"});
}

TEST_CASE("A failed subgraph goes on where it stopped") {
  const scenario_store box{real_store()};
  std::atomic<bool> broken{true};
  std::atomic<int> calls{0};
  auto child = graph<inner>("child")
                   .node("x",
                         [&calls](const inner&) {
                           ++calls;
                           return update<inner>{}.append(&inner::log, "x");
                         })
                   .node("y",
                         [&broken](const inner&) {
                           if (broken) throw std::runtime_error{"not yet"};
                           return update<inner>{}.append(&inner::log, "y");
                         })
                   .entry_point("x")
                   .edge("x", "y");
  auto outer = graph<notes>("outer").node("child", child).entry_point("child");
  executor<notes> runs{outer, box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::failed);
  broken = false;
  const auto ended = runs.resume("t").join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"x", "y"});
  CHECK(calls == 1);
}

TEST_CASE("A command of a subgraph for its parent ends the subgraph and goes on in the parent") {
  const scenario_store box{any_store()};
  auto child =
      graph<inner>("child")
          .node("x",
                [](const inner&) {
                  return command<notes>{update<notes>{}.append(&notes::log, "handed over")}.go_to(
                      "b");
                })
          .node("never", inner_logs("never"))
          .entry_point("x")
          .edge("x", "never");
  auto outer = graph<notes>("outer")
                   .node("child", child, {.destinations = {"b"}})
                   .node("b", logs("b"))
                   .entry_point("child");
  executor<notes> runs{outer, box.options()};
  CHECK(runs.run({}, {.thread_id = "t"}).log == words{"handed over", "b"});
}

TEST_CASE("A command for a parent that is not there is an error") {
  auto alone = graph<notes>("alone")
                   .node("x", [](const notes&) { return command<notes>{}.to_parent(); })
                   .entry_point("x");
  executor<notes> runs{alone};
  CHECK(code_of([&] { return runs.run({}); }) == errc::invalid_goto);
}

TEST_CASE("A subgraph can be the target of sends") {
  const scenario_store box{any_store()};
  auto child =
      graph<inner>("child")
          .node("x", [](const inner& s) { return update<inner>{}.append(&inner::log, s.own); })
          .entry_point("x");
  auto outer =
      graph<notes>("outer")
          .node("plan", logs("plan"))
          .node("child", child)
          .entry_point("plan")
          .router("plan", [](const notes&) {
            return routes{send{"child", inner{.own = "1"}}, send{"child", inner{.own = "2"}}};
          });
  executor<notes> runs{outer, box.options()};
  CHECK(runs.run({}, {.thread_id = "t"}).log == words{"plan", "1", "2"});
}

TEST_CASE("Each subgraph counts its own supersteps under the recursion limit") {
  auto outer = graph<notes>("outer")
                   .node("child", pair_of("c"))
                   .node("z", logs("z"))
                   .entry_point("child")
                   .edge("child", "z");
  executor<notes> runs{outer};
  CHECK(runs.run({}, {.recursion_limit = 3}).log == words{"c.x", "c.y", "z"});
  CHECK(code_of([&] { return runs.run({}, {.recursion_limit = 2}); }) == errc::recursion_limit);
}

TEST_CASE("A subgraph that is tried again goes on where it failed") {
  const scenario_store box{real_store()};
  const auto how = GENERATE(durability::async, durability::sync, durability::exit);
  std::atomic<int> effects{0};
  std::atomic<int> tries{0};
  auto child = graph<inner>("child")
                   .node("x",
                         [&](const inner&, context& ctx) {
                           ctx.once("key", [&] { return ++effects; });
                           return update<inner>{}.append(&inner::log, "x");
                         })
                   .node("y",
                         [&](const inner&) {
                           if (++tries < 3) throw std::runtime_error{"not yet"};
                           return update<inner>{}.append(&inner::log, "y");
                         })
                   .entry_point("x")
                   .edge("x", "y");
  auto outer = graph<notes>("outer")
                   .node("child", child,
                         {.retry = retry_policy{.max_attempts = 3,
                                                .initial_interval = milliseconds{0},
                                                .jitter = false}})
                   .entry_point("child");
  executor<notes> runs{outer, box.options()};
  const auto ended = runs.run_to_result({}, {.thread_id = "t", .durability = how});
  ended.check();
  CHECK(ended.state().log == words{"x", "y"});
  CHECK(effects == 1);
  CHECK(tries == 3);
}

TEST_CASE("A fallback for a subgraph that is one too has a log of its own") {
  const scenario_store box{real_store()};
  std::atomic<bool> broken{true};
  auto first = graph<inner>("first")
                   .node("x", [](const inner&) { throw std::runtime_error{"never"}; })
                   .entry_point("x");
  auto second = graph<inner>("second")
                    .node("y",
                          [&broken](const inner&) {
                            if (broken) throw std::runtime_error{"not yet"};
                            return update<inner>{}.append(&inner::log, "y");
                          })
                    .entry_point("y");
  auto outer = graph<notes>("outer")
                   .node("first", first, {.fallback = "second"})
                   .node("second", second)
                   .entry_point("first");
  executor<notes> runs{outer, box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::failed);
  broken = false;
  const auto ended = runs.resume("t").join();
  ended.check();
  CHECK(ended.state().log == words{"y"});
}

}  // namespace mcp::test
