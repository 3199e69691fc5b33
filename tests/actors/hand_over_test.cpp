// Executors that leave their runs to the next one, which may be another process's.

#include "actors/scenario.hpp"

#include <thread>

namespace mcp::test {
namespace {

durability any_of_them() {
  return GENERATE(durability::async, durability::sync, durability::exit);
}

run_status stored_status(checkpoint_store& store, const std::string& thread) {
  return store.last_run(thread)->status;
}

/// Once the store has all that was written, which may be after the run's handle hears of its end.
void wait_until_free(checkpoint_store& store, const std::string& thread) {
  while (!store.claim(thread)) std::this_thread::yield();
  store.release(thread);
}

/// The runs that an executor has taken up, to their ends.
run_result<notes> only_recovered(executor<notes>& by) {
  const auto taken = by.recovered();
  REQUIRE(taken.size() == 1);
  return taken.front().join();
}

}  // namespace

TEST_CASE("A run that is handed over stops at the end of its superstep and goes on elsewhere") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  const auto mode = any_of_them();
  door entered;
  door gate;
  std::atomic<int> calls{0};
  const auto chain = graph<notes>("chain")
                         .node("a",
                               [&](const notes&) {
                                 ++calls;
                                 entered.open();
                                 gate.wait();
                                 return update<notes>{}.append(&notes::log, "a");
                               },
                               {.blocking = true})
                         .node("b", logs("b"))
                         .entry_point("a")
                         .edge("a", "b");
  executor<notes> first{chain, box.options()};
  const opens_at_end safely{gate};
  const auto handle = first.start(notes{}, {.thread_id = "t", .durability = mode});
  entered.wait();
  first.base().hand_over(false);
  CHECK(code_of([&] { return first.start(notes{}); }) == errc::shutting_down);
  gate.open();
  const auto left = handle.join();
  REQUIRE(left.info.error);
  CHECK(left.info.error->code() == errc::shutting_down);
  CHECK(stored_status(*store, "t") == run_status::running);

  executor<notes> second{chain, box.options()};
  const auto ended = only_recovered(second);
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
  CHECK(calls == 1);
  CHECK(stored_status(*store, "t") == run_status::done);
}

TEST_CASE("A run that is handed over at once writes nothing more, though its node goes on") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  const auto mode = any_of_them();
  door entered;
  door gate;
  door tried;
  std::atomic<int> calls{0};
  const auto effect = [&](context& ctx) {
    return ctx.once("effect", [&] {
      const auto call = ++calls;
      if (call == 1) {
        entered.open();
        gate.wait();
      }
      return call;
    });
  };
  const auto one = graph<notes>("one")
                       .node("a",
                             [&](const notes&, context& ctx) {
                               int made = 0;
                               static_cast<void>(code_of([&] { return made = effect(ctx); }));
                               tried.open();
                               return update<notes>{}.append(&notes::log, std::to_string(made));
                             },
                             {.blocking = true})
                       .entry_point("a");
  executor<notes> first{one, box.options()};
  const opens_at_end safely{gate};
  const auto handle = first.start(notes{}, {.thread_id = "t", .durability = mode});
  entered.wait();
  first.base().hand_over(true);
  const auto left = handle.join();
  REQUIRE(left.info.error);
  CHECK(left.info.error->code() == errc::shutting_down);
  CHECK(stored_status(*store, "t") == run_status::running);

  wait_until_free(*store, "t");
  executor<notes> second{one, box.options()};
  REQUIRE(only_recovered(second).state().log == words{"2"});
  const auto journal = [&] { return store->load("t", "")->journal; };
  const auto before = journal();
  gate.open();
  tried.wait();
  CHECK(journal() == before);
}

TEST_CASE("A question that comes up while a run is handed over waits for its answer") {
  const scenario_store box{real_store()};
  door entered;
  door gate;
  const auto ask =
      graph<notes>("ask")
          .node("a",
                [&](const notes&, context& ctx) {
                  entered.open();
                  gate.wait();
                  return update<notes>{}.append(&notes::log, ctx.ask<std::string>("who?"));
                },
                {.blocking = true})
          .entry_point("a");
  {
    executor<notes> first{ask, box.options()};
    const opens_at_end safely{gate};
    const auto handle = first.start(notes{}, {.thread_id = "t"});
    entered.wait();
    first.base().hand_over(false);
    gate.open();
    CHECK(handle.join().status() == run_status::interrupted);
  }
  executor<notes> second{ask, box.options()};
  CHECK(second.recovered().empty());
  CHECK(second.resume("t", answers::only("ann")).join().state().log == words{"ann"});
}

TEST_CASE("A subgraph under way goes on with its run elsewhere") {
  const scenario_store box{real_store()};
  door entered;
  door gate;
  std::atomic<int> calls{0};
  const auto inner = graph<notes>("inner")
                         .node("x",
                               [&](const notes&) {
                                 ++calls;
                                 entered.open();
                                 gate.wait();
                                 return update<notes>{}.append(&notes::log, "x");
                               },
                               {.blocking = true})
                         .node("y", logs("y"))
                         .entry_point("x")
                         .edge("x", "y");
  const auto outer = graph<notes>("outer")
                         .node("inner", inner)
                         .node("z", logs("z"))
                         .entry_point("inner")
                         .edge("inner", "z");
  executor<notes> first{outer, box.options()};
  const opens_at_end safely{gate};
  const auto handle = first.start(notes{}, {.thread_id = "t"});
  entered.wait();
  first.base().hand_over(false);
  gate.open();
  CHECK(handle.join().status() == run_status::failed);
  executor<notes> second{outer, box.options()};
  CHECK(only_recovered(second).state().log == words{"x", "y", "z"});
  CHECK(calls == 1);
}

}  // namespace mcp::test
