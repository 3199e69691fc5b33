#include "actors/scenario.hpp"

#include <map>
#include <optional>
#include <thread>
#include <vector>

namespace mcp::test {
namespace {

struct item {
  std::string name{};
};
MCP_STRUCT(item, name)

auto asks(const std::string& question) {
  return [question](const notes&, context& ctx) {
    const auto heard = ctx.ask<std::string>(question);
    return update<notes>{}.append(&notes::log, question + "=" + heard);
  };
}

graph<notes> two_askers() {
  return graph<notes>("two")
      .node("a", asks("a"))
      .node("b", asks("b"))
      .node("z", logs("z"))
      .entry_point("a")
      .entry_point("b")
      .join({"a", "b"}, "z");
}

std::string id_of(const std::vector<pending_interrupt>& pending, const std::string& node) {
  for (const auto& one : pending) {
    if (one.node == node) return one.id;
  }
  FAIL("nothing is pending at " << node);
  return {};
}

}  // namespace

TEST_CASE("A writes while its sibling B interrupts, and after the answer both are there") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync, durability::exit);
  std::atomic<int> calls{0};
  auto pair = graph<notes>("pair")
                  .node("a",
                        [&calls](const notes&) {
                          ++calls;
                          return update<notes>{}.append(&notes::log, "a");
                        })
                  .node("b", asks("b"))
                  .entry_point("a")
                  .entry_point("b");
  executor<notes> runs{pair, box.options()};
  const auto stopped = runs.run_to_result({.topic = "t"}, {.thread_id = "t", .durability = mode});
  REQUIRE(stopped.status() == run_status::interrupted);
  REQUIRE(stopped.interrupts().size() == 1);
  CHECK(stopped.interrupts().front().question == "\"b\"");
  CHECK(runs.state("t").values.log.empty());
  CHECK(runs.state("t").interrupts == stopped.interrupts());
  const auto ended = runs.resume("t", answers::only("yes")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b=yes"});
  CHECK(calls == 1);
}

TEST_CASE("Two parallel interrupts are answered one at a time, in either order") {
  const scenario_store box{real_store()};
  const auto order = GENERATE(0, 1);
  executor<notes> runs{two_askers(), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 2);
  const std::string first = order == 0 ? "a" : "b";
  const std::string second = order == 0 ? "b" : "a";
  const auto half =
      runs.resume("t", answers{}.add(id_of(stopped.interrupts(), first), "1" + first)).join();
  REQUIRE(half.status() == run_status::interrupted);
  REQUIRE(half.interrupts().size() == 1);
  CHECK(half.interrupts().front().node == second);
  const auto ended = runs.resume("t", answers::only("1" + second)).join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a=1a", "b=1b", "z"});
}

TEST_CASE("Two parallel interrupts are answered together by their ids") {
  const scenario_store box{real_store()};
  executor<notes> runs{two_askers(), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 2);
  answers given;
  for (const auto& one : stopped.interrupts()) given.add(one.id, "for " + one.node);
  CHECK(runs.resume("t", given).join().state().log == words{"a=for a", "b=for b", "z"});
}

TEST_CASE("A target of a send that interrupts is answered by itself") {
  const scenario_store box{real_store()};
  std::atomic<int> quiet{0};
  auto fan = graph<notes>("fan")
                 .node("plan", logs("plan"))
                 .node("work",
                       [&quiet](const item& one, context& ctx) {
                         if (one.name != "y") {
                           ++quiet;
                           return update<notes>{}.append(&notes::log, one.name);
                         }
                         return update<notes>{}.append(&notes::log, ctx.ask("who is " + one.name));
                       })
                 .entry_point("plan")
                 .router("plan", [](const notes&) {
                   return routes{send{"work", item{"x"}}, send{"work", item{"y"}},
                                 send{"work", item{"z"}}};
                 });
  executor<notes> runs{fan, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.status() == run_status::interrupted);
  REQUIRE(stopped.interrupts().size() == 1);
  CHECK(stopped.interrupts().front().question == "\"who is y\"");
  const auto ended = runs.resume("t", answers::only("why")).join();
  CHECK(ended.state().log == words{"plan", "x", "why", "z"});
  CHECK(quiet == 2);
}

TEST_CASE("A node that asks twice in a row starts again with the answers it has") {
  const scenario_store box{real_store()};
  auto talk = graph<notes>("talk")
                  .node("a",
                        [](const notes&, context& ctx) {
                          const auto name = ctx.ask("name");
                          const auto age = ctx.ask<int>("age of " + name);
                          return update<notes>{}.set(&notes::answer, name).set(&notes::count, age);
                        })
                  .entry_point("a");
  executor<notes> runs{talk, box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  const auto half = runs.resume("t", answers::only("Ann")).join();
  REQUIRE(half.interrupts().size() == 1);
  CHECK(half.interrupts().front().question == "\"age of Ann\"");
  const auto ended = runs.resume("t", answers::only(7)).join();
  REQUIRE(ended.done());
  CHECK(ended.state().answer == "Ann");
  CHECK(ended.state().count == 7);
}

TEST_CASE("An asynchronous node asks in its own time, on a thread of its own") {
  const scenario_store box{real_store()};
  std::vector<std::thread> threads;
  std::optional<errc> second_answer;
  auto one = graph<notes>("one")
                 .node("a",
                       [&](const notes&, context& ctx, reply<notes> out) {
                         threads.emplace_back([&second_answer, &ctx, out] {
                           try {
                             out.done(update<notes>{}.append(&notes::log, ctx.ask("name")));
                           } catch (const interrupt_signal&) {
                             out.interrupt();
                             second_answer = code_of([&] { return out.interrupt(), 0; });
                           }
                         });
                       })
                 .entry_point("a");
  {
    executor<notes> runs{one, box.options()};
    const auto stopped = runs.run_to_result({.topic = "t"}, {.thread_id = "t"});
    REQUIRE(stopped.status() == run_status::interrupted);
    REQUIRE(stopped.interrupts().size() == 1);
    CHECK(stopped.interrupts().front().question == "\"name\"");
    CHECK(runs.resume("t", answers::only("Ada")).join().state().log ==
          std::vector<std::string>{"Ada"});
  }
  for (auto& thread : threads) thread.join();
  CHECK(second_answer == errc::invalid_argument);
}

TEST_CASE("Several questions of one node are pending together") {
  const scenario_store box{real_store()};
  auto form = graph<notes>("form")
                  .node("a",
                        [](const notes&, context& ctx) {
                          return update<notes>{}.set(&notes::log, ctx.ask_all(words{"q1", "q2"}));
                        })
                  .entry_point("a");
  executor<notes> runs{form, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 2);
  const auto half = runs.resume("t", answers{}.add(stopped.interrupts()[1].id, "second")).join();
  REQUIRE(half.interrupts().size() == 1);
  CHECK(half.interrupts().front().question == "\"q1\"");
  CHECK(runs.resume("t", answers::only("first")).join().state().log == words{"first", "second"});
}

TEST_CASE("An answer that does not fit is refused and the question stays") {
  const scenario_store box{real_store()};
  auto counts = graph<notes>("counts")
                    .node("a",
                          [](const notes&, context& ctx) {
                            return update<notes>{}.set(&notes::count, ctx.ask<int>("how many"));
                          })
                    .entry_point("a");
  executor<notes> runs{counts, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(stopped.interrupts().size() == 1);
  CHECK(mentions(stopped.interrupts().front().schema, "integer"));
  CHECK(code_of([&] { return runs.resume("t", answers::only("many")); }) == errc::invalid_answer);
  answers nothing;
  nothing.add_json("", "null");
  CHECK(code_of([&] { return runs.resume("t", nothing); }) == errc::invalid_answer);
  CHECK(code_of([&] { return runs.resume("t", answers{}.add("00", 3)); }) ==
        errc::unknown_interrupt);
  CHECK(runs.state("t").interrupts == stopped.interrupts());
  CHECK(runs.resume("t", answers::only(3)).join().state().count == 3);
  CHECK(code_of([&] { return runs.resume("t", answers::only(3)); }) == errc::unknown_interrupt);
}

TEST_CASE("One bare answer to several questions is ambiguous") {
  const scenario_store box{real_store()};
  executor<notes> runs{two_askers(), box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  CHECK(code_of([&] { return runs.resume("t", answers::only("x")); }) == errc::ambiguous_answer);
}

TEST_CASE("A run that asks again without answers stays interrupted") {
  const scenario_store box{real_store()};
  executor<notes> runs{two_askers(), box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t"});
  const auto again = runs.resume("t").join();
  CHECK(again.status() == run_status::interrupted);
  CHECK(again.interrupts() == stopped.interrupts());
}

TEST_CASE("A question without a store to wait in is an error of the node") {
  executor<notes> runs{two_askers()};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::no_store);
}

TEST_CASE("A stop without a store to go on from is refused, in a subgraph too") {
  const auto stops =
      graph<notes>("one").node("a", logs("a")).entry_point("a").interrupt_before({"a"});
  executor<notes> runs{stops};
  CHECK(code_of([&] { return runs.run({}); }) == errc::no_store);
  executor<notes> outer{graph<notes>("outer").node("inner", stops).entry_point("inner")};
  CHECK(code_of([&] { return outer.start({}); }) == errc::no_store);
  executor<notes> free{graph<notes>("free").node("a", logs("a")).entry_point("a")};
  CHECK(code_of([&] { return free.run({}, {.interrupt_after = {"*"}}); }) == errc::no_store);
  CHECK(free.run({}).log == words{"a"});
}

TEST_CASE("Static interrupts stop before and after the nodes that are named") {
  const scenario_store box{real_store()};
  auto chain = graph<notes>("chain")
                   .node("a", logs("a"))
                   .node("b", logs("b"))
                   .node("c", logs("c"))
                   .entry_point("a")
                   .sequence({"a", "b", "c"})
                   .interrupt_before({"b"});
  executor<notes> runs{chain, box.options()};
  const auto before = runs.run_to_result({}, {.thread_id = "t", .interrupt_after = {"b"}});
  REQUIRE(before.status() == run_status::interrupted);
  REQUIRE(before.interrupts().size() == 1);
  CHECK(before.interrupts().front().node == "b");
  CHECK(before.state().log == words{"a"});
  const auto after = runs.resume("t").join();
  REQUIRE(after.status() == run_status::interrupted);
  CHECK(after.state().log == words{"a", "b"});
  CHECK(runs.state("t").next == words{"c"});
  const auto ended = runs.resume("t").join();
  CHECK(ended.done());
  CHECK(ended.state().log == words{"a", "b", "c"});
}

TEST_CASE("A static interrupt before the very first node keeps the input") {
  const scenario_store box{real_store()};
  auto one = graph<notes>("one").node("a", logs("a")).entry_point("a");
  executor<notes> runs{one, box.options()};
  const auto stopped =
      runs.run_to_result({.topic = "kept"}, {.thread_id = "t", .interrupt_before = {"*"}});
  REQUIRE(stopped.status() == run_status::interrupted);
  const auto ended = runs.resume("t").join();
  CHECK(ended.state().topic == "kept");
  CHECK(ended.state().log == words{"a"});
}

TEST_CASE("A checkpoint that is replayed asks its questions again") {
  const scenario_store box{real_store()};
  auto one = graph<notes>("one").node("a", asks("a")).entry_point("a");
  executor<notes> runs{one, box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  const auto asked_at = runs.state("t").info.id;
  CHECK(runs.resume("t", answers::only("1")).join().state().log == words{"a=1"});
  static_cast<void>(runs.fork("t", asked_at));
  REQUIRE(runs.resume("t").join().status() == run_status::interrupted);
  CHECK(runs.resume("t", answers::only("2")).join().state().log == words{"a=2"});
}

TEST_CASE("A run that waits for an answer is cancelled, and goes on when it is resumed") {
  const scenario_store box{real_store()};
  executor<notes> runs{two_askers(), box.options()};
  CHECK_FALSE(runs.cancel("t"));
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  {
    executor<notes> other{two_askers(), box.options()};
    CHECK(other.cancel("t", "not now"));
    CHECK_FALSE(other.cancel("t"));
  }
  const auto cancelled = runs.state("t");
  CHECK(cancelled.status == run_status::cancelled);
  CHECK(mentions(box.options().store->last_run("t")->error, "not now"));
  answers given;
  for (const auto& one : cancelled.interrupts) given.add(one.id, "late");
  CHECK(runs.resume("t", given).join().state().log == words{"a=late", "b=late", "z"});
  CHECK_FALSE(runs.cancel("t"));
}

TEST_CASE("A run that is under way is cancelled by its thread") {
  const scenario_store box{any_store()};
  door shut;
  executor<notes> runs{graph<notes>("one")
                           .node("a",
                                 [&](const notes&, context& ctx) {
                                   ctx.on_cancel([&] { shut.open(); });
                                   shut.wait();
                                   return update<notes>{};
                                 },
                                 {.blocking = true})
                           .entry_point("a"),
                       box.options()};
  const auto under_way = runs.start({}, {.thread_id = "t"});
  CHECK(runs.cancel("t", "stop"));
  const auto ended = under_way.join();
  CHECK(ended.status() == run_status::cancelled);
  CHECK(ended.info.error->message() == "stop");
}

}  // namespace mcp::test
