#include "actors/scenario.hpp"
#include "core/thread_name.hpp"

namespace mcp::test {
namespace {

graph<notes> chain() {
  return graph<notes>("chain")
      .node("a", [](const notes& s) { return update<notes>{}.append(&notes::log, "a:" + s.topic); })
      .node("b",
            [](const notes& s) {
              return update<notes>{}.append(&notes::log, "b").set(&notes::answer, "on " + s.topic);
            })
      .entry_point("a")
      .edge("a", "b")
      .finish_point("b");
}

checkpoint_id after_node(executor<notes>& runs, const std::string& thread, std::int64_t step) {
  const auto found = runs.history(thread, {.step = step});
  REQUIRE(found.size() == 1);
  return found.front().info.id;
}

}  // namespace

TEST_CASE("A thread that is run twice keeps the values of the second run") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  CHECK(runs.run({.topic = "owls"}, {.thread_id = "t"}).answer == "on owls");
  const auto second = runs.run({.topic = "bats"}, {.thread_id = "t"});
  CHECK(second.answer == "on bats");
  CHECK(second.log == words{"a:owls", "b", "a:bats", "b"});
  const auto kept = runs.state("t");
  CHECK(kept.values.topic == "bats");
  CHECK(kept.values.log == second.log);
  CHECK(kept.status == run_status::done);
  CHECK(kept.next.empty());
}

TEST_CASE("The name of a thread has a bound, whatever the store") {
  const scenario_store box{real_store()};
  executor<notes> stored{chain(), box.options()};
  executor<notes> unstored{chain()};
  const std::string longest(core::max_thread_id_bytes, 't');
  for (auto* runs : {&stored, &unstored}) {
    CHECK(runs->run({.topic = "owls"}, {.thread_id = longest}).answer == "on owls");
    CHECK(code_of([&] { return runs->start({}, {.thread_id = longest + 't'}); }) ==
          errc::invalid_argument);
  }
  CHECK(stored.state(longest).values.topic == "owls");
  CHECK(code_of([&] { return stored.update_state(longest + 't', update<notes>{}); }) ==
        errc::invalid_argument);
}

TEST_CASE("A run without a store starts from nothing each time") {
  executor<notes> runs{chain()};
  CHECK(runs.run({.topic = "owls"}, {.thread_id = "t"}).log.size() == 2);
  CHECK(runs.run({.topic = "bats"}, {.thread_id = "t"}).log == words{"a:bats", "b"});
  CHECK(code_of([&] { return runs.state("t"); }) == errc::no_store);
}

TEST_CASE("A fork answers differently and both branches keep their own values") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  static_cast<void>(runs.run({.topic = "owls"}, {.thread_id = "t"}));
  const auto old_head = runs.state("t").info.id;
  const auto fork = runs.fork("t", after_node(runs, "t", 0));
  static_cast<void>(runs.update_state("t", update<notes>{}.set(&notes::topic, "bats"), "a"));
  const auto forked = runs.resume("t").join();
  REQUIRE(forked.done());
  CHECK(forked.state().answer == "on bats");
  CHECK(runs.state("t").values.answer == "on bats");
  CHECK(runs.state("t", old_head).values.answer == "on owls");
  CHECK(runs.state("t", old_head).values.log == words{"a:owls", "b"});
  CHECK(runs.state("t", fork).info.source == checkpoint_source::fork);
}

TEST_CASE("A thread can be replayed from any of its checkpoints with the same end") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  static_cast<void>(runs.run({.topic = "owls"}, {.thread_id = "t"}));
  const auto all = runs.history("t");
  REQUIRE(all.size() == 3);
  for (const auto& entry : all) {
    static_cast<void>(runs.fork("t", entry.info.id));
    const auto again = runs.resume("t").join();
    REQUIRE(again.done());
    CHECK(again.state().answer == "on owls");
    CHECK(again.state().log == words{"a:owls", "b"});
    CHECK(again.info.steps ==
          static_cast<std::int64_t>(entry.next.empty() ? 0 : 1 - entry.info.step));
  }
}

TEST_CASE("The history is listed newest first and filtered as asked") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  const auto first = runs.run_to_result({.topic = "owls"}, {.thread_id = "t"});
  const auto second = runs.run_to_result({.topic = "bats"}, {.thread_id = "t"});
  const auto all = runs.history("t");
  REQUIRE(all.size() == 6);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].info.id < all[i - 1].info.id);
  CHECK(all.back().info.step == -1);
  CHECK(all.back().next == words{"a"});
  CHECK(all[all.size() - 2].next == words{"b"});
  CHECK(runs.history("t", {.source = checkpoint_source::input}).size() == 2);
  CHECK(runs.history("t", {.run_id = first.info.run_id}).size() == 3);
  CHECK(runs.history("t", {.limit = 2}).size() == 2);
  const auto older = runs.history("t", {.before = all[3].info.id});
  REQUIRE(older.size() == 2);
  CHECK(older.front().info.run_id == first.info.run_id);
}

TEST_CASE("An update of the state as a node lets that node's edges decide what is next") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  SECTION("as a node in the middle") {
    static_cast<void>(runs.run({.topic = "owls"}, {.thread_id = "t"}));
    const auto id = runs.update_state("t", update<notes>{}.append(&notes::log, "hand"), "a");
    const auto now = runs.state("t");
    CHECK(now.info.id == id);
    CHECK(now.info.source == checkpoint_source::update);
    CHECK(now.next == words{"b"});
    CHECK(runs.resume("t").join().state().log == words{"a:owls", "b", "hand", "b"});
  }
  SECTION("as the last node when none is named") {
    static_cast<void>(runs.run({.topic = "owls"}, {.thread_id = "t"}));
    static_cast<void>(runs.update_state("t", update<notes>{}.set(&notes::answer, "none")));
    CHECK(runs.state("t").next.empty());
    CHECK(runs.state("t").values.answer == "none");
  }
  SECTION("as the start of a thread that is new") {
    static_cast<void>(runs.update_state("n", update<notes>{}.set(&notes::topic, "cats"), start));
    CHECK(runs.state("n").next == words{"a"});
    CHECK(runs.resume("n").join().state().answer == "on cats");
  }
  SECTION("as the end nothing is next") {
    const auto stopped =
        runs.run_to_result({.topic = "owls"}, {.thread_id = "t", .interrupt_before = {"b"}});
    REQUIRE(stopped.status() == run_status::interrupted);
    static_cast<void>(runs.update_state("t", {}, end));
    CHECK(runs.state("t").next.empty());
    CHECK(runs.resume("t").join().state().log == words{"a:owls"});
  }
  SECTION("as a node that is not there") {
    CHECK(code_of([&] { return runs.update_state("t", {}, "zebra"); }) == errc::unknown_node);
  }
}

TEST_CASE("An update beside finished tasks keeps what they wrote, and follows their edges") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::exit);
  std::atomic<int> calls{0};
  const auto asks = [](const notes&, context& ctx) {
    return update<notes>{}.set(&notes::answer, ctx.ask("what"));
  };
  auto made = graph<notes>("beside")
                  .node("a",
                        [&calls](const notes&) {
                          ++calls;
                          return update<notes>{}.append(&notes::log, "a").set(&notes::answer, "a");
                        })
                  .node("b", asks)
                  .node("c", asks)
                  .node("after_a", logs("after_a"))
                  .node("after_b", logs("after_b"))
                  .entry_point("a")
                  .entry_point("b")
                  .entry_point("c")
                  .edge("a", "after_a")
                  .edge("b", "after_b")
                  .edge("c", mcp::end);
  executor<notes> runs{made, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t", .durability = mode});
  REQUIRE(stopped.interrupts().size() == 2);
  const auto by_hand = update<notes>{}.append(&notes::log, "hand").set(&notes::answer, "hand");
  SECTION("as one of those that wait: the others that wait are dropped") {
    static_cast<void>(runs.update_state("t", by_hand, "b"));
    const auto now = runs.state("t");
    CHECK(now.values.log == words{"a", "hand"});
    CHECK(now.values.answer == "hand");
    CHECK(now.next == words{"after_a", "after_b"});
    CHECK(now.interrupts.empty());
    CHECK(runs.resume("t").join().state().log == words{"a", "hand", "after_a", "after_b"});
  }
  SECTION("as the end: nothing is next") {
    static_cast<void>(runs.update_state("t", {}, end));
    CHECK(runs.state("t").values.log == words{"a"});
    CHECK(runs.state("t").next.empty());
  }
  CHECK(calls == 1);
}

TEST_CASE("An update beside a finished deferred task keeps what that wrote") {
  const scenario_store box{real_store()};
  auto made = graph<notes>("late")
                  .node("a", logs("a"))
                  .node("late", logs("late"), {.defer = true})
                  .node("asks",
                        [](const notes&, context& ctx) {
                          return update<notes>{}.set(&notes::answer, ctx.ask("what"));
                        },
                        {.defer = true})
                  .entry_point("a")
                  .edge("a", "late")
                  .edge("a", "asks");
  executor<notes> runs{made, box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).interrupts().size() == 1);
  static_cast<void>(runs.update_state("t", update<notes>{}.append(&notes::log, "hand"), "asks"));
  CHECK(runs.state("t").values.log == words{"a", "late", "hand"});
  CHECK(runs.resume("t").join().state().log == words{"a", "late", "hand"});
}

TEST_CASE("An update as the end forgets deferred nodes too") {
  const scenario_store box{real_store()};
  auto late = graph<notes>("late")
                  .node("a", logs("a"))
                  .node("b", logs("b"))
                  .node("last", logs("last"), {.defer = true})
                  .entry_point("a")
                  .edge("a", "b")
                  .edge("a", "last");
  executor<notes> runs{late, box.options()};
  const auto stopped = runs.run_to_result({}, {.thread_id = "t", .interrupt_before = {"b"}});
  REQUIRE(stopped.status() == run_status::interrupted);
  static_cast<void>(runs.update_state("t", {}, end));
  CHECK(runs.resume("t").join().state().log == words{"a"});
}

TEST_CASE("An unknown thread and an unknown checkpoint are named in the error") {
  const scenario_store box{real_store()};
  executor<notes> runs{chain(), box.options()};
  CHECK(code_of([&] { return runs.state("nobody"); }) == errc::unknown_thread);
  CHECK(code_of([&] { return runs.resume("nobody"); }) == errc::unknown_thread);
  static_cast<void>(runs.run({.topic = "owls"}, {.thread_id = "t"}));
  CHECK(code_of([&] { return runs.state("t", checkpoint_id{77}); }) == errc::unknown_checkpoint);
  CHECK(code_of([&] { return runs.fork("t", checkpoint_id{77}); }) == errc::unknown_checkpoint);
}

TEST_CASE("A thread has one run at a time") {
  const scenario_store box{any_store()};
  door gate;
  auto waits = graph<notes>("waits")
                   .node("a", [&gate](const notes&) { gate.wait(); }, {.blocking = true})
                   .entry_point("a");
  executor<notes> runs{waits, box.options()};
  const opens_at_end safely{gate};
  const auto first = runs.start(notes{}, {.thread_id = "t"});
  CHECK(code_of([&] { return runs.start(notes{}, {.thread_id = "t"}); }) == errc::thread_busy);
  CHECK(runs.find("t").has_value());
  gate.open();
  CHECK(first.join().done());
  CHECK_FALSE(runs.find("t").has_value());
}

}  // namespace mcp::test
