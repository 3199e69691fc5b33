// What is large, or comes faster than it can be taken, meets a bound or goes through whole.

#include "actors/scenario.hpp"
#include "support/forwarding_store.hpp"
#include "support/sanitized.hpp"

#include <algorithm>

namespace mcp::test {
namespace {

constexpr std::size_t large = (sanitized ? 2UL : 50UL) * 1024 * 1024;

/// A store on a thread of its own that takes nothing while its door is shut, but the first write.
class shut_store final : public forwarding_store {
 public:
  shut_store() : forwarding_store(in_memory_checkpoint_store()) {}
  [[nodiscard]] bool blocking() const noexcept override { return true; }
  void write(std::span<const store_write> batch) override {
    if (!first_.exchange(false)) gate.wait();
    inner().write(batch);
  }

  door gate;

 private:
  std::atomic<bool> first_{true};
};

graph<notes> count_to(std::int64_t last, std::atomic<std::int64_t>& steps) {
  return graph<notes>("count")
      .node("count",
            [&steps](const notes&) {
              ++steps;
              return update<notes>{}.set(&notes::count, 1);
            })
      .entry_point("count")
      .router("count", [last](const notes& s) { return s.count < last ? "count" : end; },
              {"count", end});
}

}  // namespace

TEST_CASE("A field of 50 MB goes through a run, its store and its resumption") {
  const scenario_store box{real_store()};
  const std::string topic(large, 'x');
  const auto trip =
      graph<notes>("trip")
          .node("grow",
                [](const notes& s) {
                  return update<notes>{}
                      .set(&notes::answer, s.topic + "y")
                      .append(&notes::log, "grow");
                })
          .node("ask",
                [](const notes&, context& ctx) {
                  return update<notes>{}.append(&notes::log, ctx.ask<std::string>("go on?"));
                })
          .entry_point("grow")
          .edge("grow", "ask");
  const auto is_whole = [&](const notes& s) {
    return s.topic == topic && s.answer.size() == large + 1 && s.answer.back() == 'y';
  };
  {
    executor<notes> runs{trip, box.options()};
    const auto asked = runs.run_to_result({.topic = topic}, {.thread_id = "t"});
    REQUIRE(asked.status() == run_status::interrupted);
    CHECK(is_whole(asked.state()));
  }
  executor<notes> next{trip, box.options()};
  const auto waiting = next.state("t");
  CHECK(is_whole(waiting.values));
  REQUIRE(waiting.interrupts.size() == 1);
  const auto ended = next.resume("t", answers{}.add(waiting.interrupts.front().id, "yes")).join();
  REQUIRE(ended.done());
  CHECK(is_whole(ended.state()));
  CHECK(ended.state().log == words{"grow", "yes"});
}

TEST_CASE("What is wrong with 50 MB of input is told in one line") {
  const auto text = R"({"topic": "t", "count": ")" + std::string(large, 'x') + R"("})";
  try {
    static_cast<void>(from_json<notes>(text));
    FAIL("accepted");
  } catch (const error& what) {
    CHECK(mentions(what.message(), "count"));
    CHECK(std::string{what.what()}.size() < 500);
  }
}

TEST_CASE("A run waits for a store that it has got too far ahead of") {
  const auto store = std::make_shared<shut_store>();
  const opens_at_end safely{store->gate};
  const actor_runtime runtime{{.scheduler_threads = 1}};
  constexpr std::int64_t last = 20'000;
  std::atomic<std::int64_t> steps{0};
  executor<notes> runs{count_to(last, steps), {.store = store, .runtime = runtime}};
  std::atomic<std::int64_t> others{0};
  executor<notes> beside{count_to(1, others), {.runtime = runtime}};
  const auto run = runs.start({}, {.thread_id = "t", .recursion_limit = last + 1});
  // The only scheduler thread takes turns: what could go on would have gone on in the meantime.
  for (std::int64_t seen = -1; seen != steps;) {
    seen = steps;
    for (int i = 0; i < 500; ++i) static_cast<void>(beside.run({}));
  }
  CHECK(steps > 500);
  CHECK(steps < 2'000);
  store->gate.open();
  const auto ended = run.join();
  REQUIRE(ended.done());
  CHECK(ended.state().count == last);
  CHECK(store->history("t", "", {.limit = 1}).front().step == last - 1);
}

TEST_CASE("A run that is stored on exit keeps a snapshot instead of patches without end") {
  const scenario_store box{real_store()};
  constexpr int last = 40;
  executor<notes> runs{
      graph<notes>("loop")
          .node("grow",
                [](const notes& s) {
                  return update<notes>{}
                      .set(&notes::answer,
                           std::string(100'000, static_cast<char>('a' + s.count % 26)))
                      .set(&notes::count, 1);
                })
          .entry_point("grow")
          .router("grow", [](const notes& s) { return s.count < last ? "grow" : end; },
                  {"grow", end}),
      box.options()};
  REQUIRE(
      runs.run_to_result(
              {}, {.thread_id = "t", .recursion_limit = last + 1, .durability = durability::exit})
          .done());
  const auto kept = box.options().store->load("t", "");
  REQUIRE(kept);
  std::size_t bytes = kept->snapshot.size();
  for (const auto& body : kept->bodies) bytes += body.size();
  CHECK(bytes < 1'500'000);  // of 4 MB of patches
  CHECK(runs.state("t").values.count == last);
  CHECK(runs.state("t").values.answer == std::string(100'000, 'a' + (last - 1) % 26));
}

TEST_CASE("More tasks than a superstep can have end the run with an error that names the limit") {
  executor<notes> runs{graph<notes>("flood")
                           .node("a", logs("a"))
                           .node("b", logs("b"))
                           .entry_point("a")
                           .router("a",
                                   [](const notes& s) {
                                     routes many;
                                     for (int i = 0; i <= 1'000'000; ++i) many.add(send{"b", s});
                                     return many;
                                   },
                                   {"b"})};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::too_large);
  CHECK(mentions(ended.info.error->message(), "1,000,000"));
}

}  // namespace mcp::test
