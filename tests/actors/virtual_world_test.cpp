#include "actors/scenario.hpp"
#include "mcp/testkit_world.hpp"

namespace mcp::test {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("In a virtual world runs wait for hours in no time, and as long as they should") {
  testkit::virtual_world world{GENERATE(1U, 2U)};
  int calls = 0;
  executor<notes> runs{graph<notes>("patient")
                           .node("a",
                                 [&](const notes&) -> update<notes> {
                                   if (++calls < 4) throw std::runtime_error{"not yet"};
                                   return update<notes>{}.append(&notes::log, "a");
                                 },
                                 {.retry = retry_policy{.max_attempts = 4,
                                                        .initial_interval = minutes{10},
                                                        .backoff_factor = 2,
                                                        .max_interval = minutes{60},
                                                        .jitter = false},
                                  .blocking = true})
                           .entry_point("a"),
                       {.runtime = world.runtime()}};
  CHECK(runs.run({}).log == std::vector<std::string>{"a"});
  CHECK(world.elapsed() == minutes{10 + 20 + 40});
}

TEST_CASE("A test moves the time of a virtual world, and its disturbances happen in it") {
  testkit::virtual_world world;
  std::optional<reply<notes>> kept;
  executor<notes> runs{graph<notes>("held")
                           .node("a", [&](const notes&, reply<notes> out) { kept = out; })
                           .entry_point("a"),
                       {.runtime = world.runtime()}};
  auto handle = runs.start({}, {.deadline = seconds{100}});
  world.advance(seconds{99});
  REQUIRE(kept);
  CHECK_FALSE(handle.finished());
  CHECK(world.elapsed() == seconds{99});
  SECTION("the deadline passes") {
    world.advance(seconds{1});
    const auto ended = handle.join();
    REQUIRE(ended.info.error);
    CHECK(ended.info.error->code() == errc::deadline_exceeded);
  }
  SECTION("the answer comes just before it") {
    world.after(milliseconds{999}, [&] { kept->done(update<notes>{}.set(&notes::count, 7)); });
    world.run();
    CHECK(handle.join().state().count == 7);
    CHECK(world.elapsed() >= milliseconds{99'999});
  }
  kept.reset();
}

}  // namespace mcp::test
