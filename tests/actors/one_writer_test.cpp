#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

/// Asks once and keeps the answer.
graph<notes> asks(std::atomic<int>& asked_and_answered) {
  return graph<notes>("asks")
      .node("a",
            [&asked_and_answered](const notes&, context& ctx) {
              const auto said = ctx.ask<std::string>("what?");
              ++asked_and_answered;
              return update<notes>{}.set(&notes::answer, said).append(&notes::log, said);
            })
      .entry_point("a");
}

graph<notes> holds(door& gate) {
  return graph<notes>("holds")
      .node("a", [&gate](const notes&) { gate.wait(); }, {.blocking = true})
      .entry_point("a");
}

}  // namespace

TEST_CASE("Of many who answer the same question at once exactly one resumes the thread") {
  const scenario_store box{real_store()};
  std::atomic<int> answered{0};
  executor<notes> runs{asks(answered), box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::interrupted);
  std::atomic<int> refused{0};
  std::vector<std::thread> people;
  for (int i = 0; i < 4; ++i) {
    people.emplace_back([&] {
      try {
        static_cast<void>(runs.resume("t", answers::only("this")).join());
      } catch (const error&) {  // the thread is busy, or the question is answered
        ++refused;
      }
    });
  }
  for (auto& one : people) one.join();
  CHECK(answered == 1);
  CHECK(refused == 3);
  CHECK(runs.state("t").values.log == words{"this"});
}

TEST_CASE("A thread is changed by one executor of a store at a time") {
  const scenario_store box{real_store()};
  door gate;
  executor<notes> first{holds(gate), box.options()};
  executor<notes> second{holds(gate), box.options()};
  const opens_at_end safely{gate};
  const auto run = first.start(notes{}, {.thread_id = "t"});
  CHECK(code_of([&] { return second.start(notes{}, {.thread_id = "t"}); }) == errc::thread_busy);
  CHECK(code_of([&] { return second.resume("t"); }) == errc::thread_busy);
  CHECK(code_of([&] {
          return second.update_state("t", update<notes>{}.set(&notes::answer, "x"));
        }) == errc::thread_busy);
  CHECK(code_of([&] { return second.fork("t", {1}); }) == errc::thread_busy);
  gate.open();
  CHECK(run.join().done());
  CHECK(second.run_to_result({}, {.thread_id = "t"}).done());
}

TEST_CASE("A run that waits for an answer ends when another run takes its place") {
  const scenario_store box{stored_in::sqlite};
  std::atomic<int> answered{0};
  executor<notes> runs{asks(answered), box.options()};
  const auto old = runs.run_to_result({}, {.thread_id = "t"}).info.run_id;
  const auto fresh = runs.run_to_result({}, {.thread_id = "t"}).info.run_id;
  const auto& store = *box.options().store;
  CHECK(box.options().store->run(old)->status == run_status::cancelled);
  CHECK(mentions(box.options().store->run(old)->error, fresh));
  CHECK(box.options().store->run(fresh)->status == run_status::interrupted);
  static_cast<void>(store);
  runs.update_state("t", {}, end);
  CHECK(box.options().store->run(fresh)->status == run_status::cancelled);
}

TEST_CASE("A run that was accepted is not pushed aside by a new one on its thread") {
  const scenario_store box{real_store()};
  std::atomic<int> answered{0};
  executor<notes> runs{asks(answered), box.options()};
  REQUIRE(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::interrupted);
  // As a process leaves it that is killed after it was told the answer.
  const auto left = box.options().store->last_run("t");
  REQUIRE(left.has_value());
  auto running = *left;
  running.status = run_status::running;
  const std::vector<store_write> writes{put_run{running}};
  box.options().store->write(writes);
  CHECK(code_of([&] { return runs.start(notes{}, {.thread_id = "t"}); }) == errc::thread_busy);
  CHECK(runs.resume("t", answers::only("go on")).join().done());
  CHECK(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::interrupted);
}

}  // namespace mcp::test
