#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

durability any_durability() {
  return GENERATE(durability::async, durability::sync, durability::exit);
}

}  // namespace

TEST_CASE("A failure in the very first superstep resumes with its input") {
  const scenario_store box{real_store()};
  const auto mode = any_durability();
  std::atomic<bool> broken{true};
  auto one = graph<notes>("one")
                 .node("a",
                       [&broken](const notes& s) {
                         if (broken) throw std::runtime_error{"not yet"};
                         return update<notes>{}.set(&notes::answer, "on " + s.topic);
                       })
                 .entry_point("a");
  executor<notes> runs{one, box.options()};
  const auto failed = runs.run_to_result({.topic = "owls"}, {.thread_id = "t", .durability = mode});
  REQUIRE(failed.status() == run_status::failed);
  CHECK(failed.info.error->code() == errc::node_failed);
  CHECK(failed.info.error->place().node == "a");
  CHECK(runs.state("t").status == run_status::failed);
  CHECK(runs.state("t").next == words{"a"});
  broken = false;
  const auto ended = runs.resume("t").join();
  REQUIRE(ended.done());
  CHECK(ended.state().answer == "on owls");
}

TEST_CASE("A failed branch resumes without running its finished siblings again") {
  const scenario_store box{real_store()};
  const auto mode = any_durability();
  std::atomic<bool> broken{true};
  std::atomic<int> calls{0};
  door a_done;
  const opens_at_end safely{a_done};
  auto pair = graph<notes>("pair")
                  .node("a",
                        [&](const notes&) {
                          ++calls;
                          return update<notes>{}.append(&notes::log, "a");
                        })
                  .node("b",
                        [&](const notes&) {
                          if (broken) a_done.wait();
                          if (broken) throw std::runtime_error{"not yet"};
                          return update<notes>{}.append(&notes::log, "b");
                        },
                        {.blocking = true})
                  .entry_point("a")
                  .entry_point("b");
  executor<notes> runs{pair, box.options()};
  const auto handle = runs.start(
      notes{.topic = "t"},
      {.thread_id = "t", .durability = mode, .events = static_cast<event_mask>(event_kind::tasks)});
  auto events = handle.stream();
  while (auto event = events.next()) {
    if (event->node == "a" && event->name == "finished") break;
  }
  a_done.open();
  REQUIRE(handle.join().status() == run_status::failed);
  broken = false;
  const auto ended = runs.resume("t").join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
  CHECK(calls == 1);
}

TEST_CASE("An effect is executed once across retries and resumes") {
  const scenario_store box{real_store()};
  const auto mode = any_durability();
  std::atomic<int> effects{0};
  std::atomic<int> attempts{0};
  auto pays = graph<notes>("pays")
                  .node("before", logs("before"))
                  .node("pay",
                        [&](const notes&, context& ctx) {
                          const auto receipt = ctx.once(
                              "charge", [&] { return "receipt " + std::to_string(++effects); });
                          if (++attempts < 4) throw std::runtime_error{"printer"};
                          return update<notes>{}.set(&notes::answer, receipt);
                        },
                        {.retry = retry_policy{.max_attempts = 2,
                                               .initial_interval = milliseconds{1},
                                               .jitter = false},
                         .blocking = true})
                  .entry_point("before")
                  .edge("before", "pay");
  executor<notes> runs{pays, box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t", .durability = mode}).status() ==
          run_status::failed);
  const auto ended = runs.resume("t").join();
  REQUIRE(ended.done());
  CHECK(ended.state().answer == "receipt 1");
  CHECK(effects == 1);
  CHECK(attempts == 4);
}

TEST_CASE("An effect before a question is executed once, and once more in a later superstep") {
  const scenario_store box{real_store()};
  std::atomic<int> effects{0};
  auto twice = graph<notes>("twice")
                   .node("a",
                         [&](const notes&, context& ctx) {
                           ctx.once("mail", [&] { ++effects; });
                           return update<notes>{}.append(&notes::log, ctx.ask("sent?"));
                         },
                         {.blocking = true})
                   .entry_point("a")
                   .router("a", [](const notes& s) { return s.log.size() < 2 ? "a" : end; });
  executor<notes> runs{twice, box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t"}));
  CHECK(effects == 1);
  REQUIRE(runs.resume("t", answers::only("1")).join().status() == run_status::interrupted);
  CHECK(effects == 2);
  REQUIRE(runs.resume("t", answers::only("2")).join().done());
  CHECK(effects == 2);
}

TEST_CASE("A recalled effect survives an attempt that times out after the resume") {
  const scenario_store box{real_store()};
  std::atomic<int> effects{0};
  std::atomic<int> attempts{0};
  door gate;
  auto pays = graph<notes>("pays")
                  .node("pay",
                        [&](const notes&, context& ctx) {
                          ctx.once("charge", [&] { ++effects; });
                          const int attempt = ++attempts;
                          if (attempt == 1) throw std::logic_error{"first"};
                          if (attempt == 2) gate.wait();
                        },
                        {.retry = retry_policy{.max_attempts = 2,
                                               .initial_interval = milliseconds{1},
                                               .jitter = false},
                         .timeout = timeout_policy{.run = milliseconds{30}},
                         .blocking = true})
                  .entry_point("pay");
  executor<notes> runs{pays, box.options()};
  const opens_at_end safely{gate};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::failed);
  REQUIRE(runs.resume("t").join().done());
  CHECK(effects == 1);
}

TEST_CASE("A cancelled blocking node is not waited for and its late result is dropped") {
  const scenario_store box{real_store()};
  door entered;
  door gate;
  door left;
  std::atomic<bool> saw_cancel{false};
  std::atomic<int> calls{0};
  auto slow = graph<notes>("slow")
                  .node("a",
                        [&](const notes&, context& ctx) {
                          if (++calls > 1) return update<notes>{}.append(&notes::log, "second");
                          entered.open();
                          gate.wait();
                          saw_cancel = ctx.cancelled();
                          left.open();
                          return update<notes>{}.append(&notes::log, "late");
                        },
                        {.blocking = true})
                  .entry_point("a");
  executor<notes> runs{slow, box.options()};
  const opens_at_end safely{gate};
  const auto handle = runs.start(notes{}, {.thread_id = "t"});
  entered.wait();
  handle.cancel("no longer wanted");
  const auto ended = handle.join();
  REQUIRE(ended.status() == run_status::cancelled);
  CHECK(ended.info.error->code() == errc::cancelled);
  CHECK(mentions(ended.info.error->message(), "no longer wanted"));
  gate.open();
  left.wait();
  CHECK(saw_cancel);
  CHECK(runs.state("t").values.log.empty());
  const auto again = runs.resume("t").join();
  REQUIRE(again.done());
  CHECK(again.state().log == words{"second"});
}

TEST_CASE("A cancelled run calls what its nodes gave to on_cancel, and that ends their work") {
  const scenario_store box{real_store()};
  door entered;
  door begun;
  door stopped;
  std::atomic<int> stops{0};
  auto waits = graph<notes>("waits")
                   .node("blocking",
                         [&](const notes&, context& ctx) {
                           ctx.on_cancel([&] {
                             ++stops;
                             stopped.open();
                           });
                           entered.open();
                           stopped.wait();  // as a read of a socket that the stop closes
                         },
                         {.blocking = true})
                   .node("async",
                         [&](const notes&, reply<notes> answer) {
                           const auto kept = std::make_shared<reply<notes>>(answer);
                           answer.context().on_cancel([&stops, kept] { ++stops; });
                           begun.open();
                         })
                   .node("fan", [](const notes&) {})
                   .entry_point("fan")
                   .edge("fan", "blocking")
                   .edge("fan", "async");
  executor<notes> runs{waits, box.options()};
  const opens_at_end safely{stopped};
  const auto handle = runs.start(notes{}, {.thread_id = "t"});
  entered.wait();
  begun.wait();
  handle.cancel();
  CHECK(handle.join().status() == run_status::cancelled);
  CHECK(stops == 2);
}

TEST_CASE("A timeout calls what the attempt gave to on_cancel, and a finished attempt nothing") {
  std::atomic<int> stops{0};
  door stopped;
  auto twice = graph<notes>("twice")
                   .node("late",
                         [&](const notes&, context& ctx) {
                           ctx.on_cancel([&] {
                             ++stops;
                             stopped.open();
                           });
                           if (ctx.attempt() == 1) stopped.wait();
                         },
                         {.retry = retry_policy{.max_attempts = 2,
                                                .initial_interval = milliseconds{1},
                                                .jitter = false},
                          .timeout = timeout_policy{.run = milliseconds{20}},
                          .blocking = true})
                   .entry_point("late");
  executor<notes> runs{twice};
  const opens_at_end safely{stopped};
  CHECK(runs.run_to_result({}).done());
  CHECK(stops == 1);
}

TEST_CASE("A drained run stops at the end of its superstep and can be resumed") {
  const scenario_store box{real_store()};
  door entered;
  door gate;
  auto chain = graph<notes>("chain")
                   .node("a",
                         [&](const notes&) {
                           entered.open();
                           gate.wait();
                           return update<notes>{}.append(&notes::log, "a");
                         },
                         {.blocking = true})
                   .node("b", logs("b"))
                   .entry_point("a")
                   .edge("a", "b");
  executor<notes> runs{chain, box.options()};
  const opens_at_end safely{gate};
  const auto handle = runs.start(notes{}, {.thread_id = "t"});
  entered.wait();
  handle.drain();
  gate.open();
  const auto drained = handle.join();
  REQUIRE(drained.status() == run_status::interrupted);
  CHECK(drained.state().log == words{"a"});
  CHECK(runs.resume("t").join().state().log == words{"a", "b"});
}

TEST_CASE("All durability modes lead to the same final state") {
  const scenario_store box{real_store()};
  const auto mode = any_durability();
  auto loop = graph<notes>("loop")
                  .node("a",
                        [](const notes& s) {
                          return update<notes>{}
                              .append(&notes::log, std::to_string(s.count))
                              .set(&notes::count, 1);
                        })
                  .entry_point("a")
                  .router("a", [](const notes& s) { return s.count < 20 ? "a" : end; });
  executor<notes> runs{loop, box.options()};
  const auto ended = runs.run({.topic = "t"}, {.thread_id = "t", .durability = mode});
  CHECK(ended.count == 20);
  const auto kept = runs.state("t").values;
  CHECK(kept.count == 20);
  CHECK(kept.log == ended.log);
  CHECK(kept.topic == "t");
  CHECK(runs.history("t").size() == (mode == durability::exit ? 2 : 21));
}

TEST_CASE("What a resume says of stops and durability counts from there on") {
  const scenario_store box{real_store()};
  auto chain = graph<notes>("chain")
                   .node("a", logs("a"))
                   .node("b", logs("b"))
                   .node("c", logs("c"))
                   .entry_point("a")
                   .sequence({"a", "b", "c"});
  executor<notes> runs{chain, box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t", .interrupt_before = {"b"}}).status() ==
          run_status::interrupted);
  REQUIRE(runs.resume("t", {}, {.interrupt_before = {"c"}}).join().status() ==
          run_status::interrupted);
  CHECK(runs.state("t").values.log == words{"a", "b"});
  CHECK(runs.resume("t").join().state().log == words{"a", "b", "c"});
}

TEST_CASE("A stop at a node that is not there is an error that names the nearest one") {
  const scenario_store box{any_store()};
  executor<notes> runs{graph<notes>("one").node("write", logs("w")).entry_point("write"),
                       box.options()};
  try {
    static_cast<void>(runs.run_to_result({}, {.interrupt_before = {"wrote"}}));
    FAIL("it was accepted");
  } catch (const error& what) {
    CHECK(what.code() == errc::invalid_argument);
    CHECK(mentions(what.message(), "\"wrote\""));
    CHECK(mentions(what.message(), "\"write\""));
  }
}

}  // namespace mcp::test
