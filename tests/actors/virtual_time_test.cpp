#include "actors/scenario.hpp"
#include "actors/simulated_world.hpp"

namespace mcp::test {

using actors::simulated_world;
namespace {

using times = std::vector<milliseconds>;

/// Replies that nobody answers, kept so that they are not dropped.
class silence {
 public:
  auto node() {
    return [this](const notes&, reply<notes> answer) { kept_.push_back(answer); };
  }

 private:
  std::vector<reply<notes>> kept_;
};

retry_policy plain_retry(int attempts) {
  return {.max_attempts = attempts, .initial_interval = milliseconds{100}, .jitter = false};
}

}  // namespace

TEST_CASE("Attempts follow each other after the intervals of the retry policy") {
  simulated_world world{1, true};
  times attempts;
  executor<notes> runs{graph<notes>("retry")
                           .node("a",
                                 [&](const notes&) {
                                   attempts.push_back(world.now());
                                   throw std::runtime_error{"no"};
                                 },
                                 {.retry = plain_retry(4)})
                           .entry_point("a"),
                       world.options()};
  CHECK(runs.run_to_result({}).status() == run_status::failed);
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[1] - attempts[0] == milliseconds{100});
  CHECK(attempts[2] - attempts[1] == milliseconds{200});
  CHECK(attempts[3] - attempts[2] == milliseconds{400});
}

TEST_CASE("An attempt that never answers ends with its run timeout") {
  simulated_world world{1, true};
  silence nobody;
  executor<notes> runs{
      graph<notes>("silent")
          .node("a", nobody.node(),
                {.retry = plain_retry(2), .timeout = timeout_policy{.run = milliseconds{5000}}})
          .entry_point("a"),
      world.options()};
  const auto began = world.now();
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::node_timeout);
  CHECK(world.now() - began == milliseconds{5000 + 100 + 5000});
}

TEST_CASE("Signs of life hold off the idle timeout, and silence ends the attempt") {
  simulated_world world{1, true};
  std::vector<reply<notes>> kept;
  executor<notes> runs{graph<notes>("idle")
                           .node("a",
                                 [&](const notes&, reply<notes> answer) {
                                   kept.push_back(answer);
                                   for (int beat = 1; beat <= 5; ++beat) {
                                     world.after(milliseconds{beat * 900},
                                                 [&] { kept.back().context().heartbeat(); });
                                   }
                                 },
                                 {.timeout = timeout_policy{.idle = milliseconds{1000}}})
                           .entry_point("a"),
                       world.options()};
  const auto began = world.now();
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::node_timeout);
  CHECK(world.now() - began == milliseconds{5 * 900 + 1000});
  kept.clear();
}

TEST_CASE("An open breaker is not retried: the fallback takes over at once") {
  simulated_world world{1, true};
  int calls = 0;
  executor<notes> runs{graph<notes>("open")
                           .node("a",
                                 [&](const notes&) -> update<notes> {
                                   ++calls;
                                   throw std::runtime_error{"down"};
                                 },
                                 {.retry = retry_policy{},
                                  .breaker = breaker_policy{.failure_threshold = 1,
                                                            .cool_down = milliseconds{3'600'000}},
                                  .fallback = "spare"})
                           .node("spare",
                                 [](const notes&, context& ctx) {
                                   return update<notes>{}.set(
                                       &notes::answer, std::string{name(ctx.failure()->code())});
                                 })
                           .entry_point("a"),
                       world.options()};
  CHECK(runs.run({}).answer == "circuit_open");  // the first attempt opened it
  const auto opened = world.now();
  CHECK(runs.run({}).answer == "circuit_open");
  CHECK(world.now() == opened);
  CHECK(calls == 1);
}

TEST_CASE("A run ends at its deadline") {
  simulated_world world{1, true};
  silence nobody;
  executor<notes> runs{graph<notes>("late").node("a", nobody.node()).entry_point("a"),
                       world.options()};
  const auto began = world.now();
  const auto ended = runs.run_to_result({}, {.deadline = milliseconds{60'000}});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::deadline_exceeded);
  CHECK(world.now() - began == milliseconds{60'000});
}

TEST_CASE("A cached result is used until its time is over") {
  simulated_world world{1, true};
  int calls = 0;
  executor<notes> runs{graph<notes>("cached")
                           .node("a",
                                 [&](const notes&) {
                                   ++calls;
                                   return update<notes>{}.set(&notes::answer, "x");
                                 },
                                 {.cache = cache_policy{.ttl = milliseconds{1000}}})
                           .entry_point("a"),
                       world.options()};
  static_cast<void>(runs.run({}));
  static_cast<void>(runs.run({}));
  CHECK(calls == 1);
  world.after(milliseconds{999}, [] {});
  world.run();
  static_cast<void>(runs.run({}));
  CHECK(calls == 1);
  world.after(milliseconds{1}, [] {});
  world.run();
  static_cast<void>(runs.run({}));
  CHECK(calls == 2);
}

TEST_CASE("An open breaker refuses until its cool-down is over, then one probe closes it") {
  simulated_world world{1, true};
  int calls = 0;
  bool healthy = false;
  executor<notes> runs{graph<notes>("breaker")
                           .node("a",
                                 [&](const notes&) {
                                   ++calls;
                                   if (!healthy) throw std::runtime_error{"down"};
                                 },
                                 {.breaker = breaker_policy{.failure_threshold = 2,
                                                            .cool_down = milliseconds{30'000}}})
                           .entry_point("a"),
                       world.options()};
  const auto ends_with = [&] {
    const auto ended = runs.run_to_result({});
    return ended.done() ? std::optional<errc>{} : ended.info.error->code();
  };
  CHECK(ends_with() == errc::node_failed);
  CHECK(ends_with() == errc::node_failed);
  healthy = true;
  CHECK(ends_with() == errc::circuit_open);
  CHECK(calls == 2);
  world.after(milliseconds{29'999}, [] {});
  world.run();
  CHECK(ends_with() == errc::circuit_open);
  world.after(milliseconds{1}, [] {});
  world.run();
  CHECK(ends_with() == std::nullopt);
  CHECK(ends_with() == std::nullopt);
  CHECK(calls == 4);
}

TEST_CASE("Attempts that are given up at their timeout count for the breaker") {
  simulated_world world{1, true};
  silence nobody;
  executor<notes> runs{graph<notes>("breaker")
                           .node("a", nobody.node(),
                                 {.timeout = timeout_policy{.run = milliseconds{1000}},
                                  .breaker = breaker_policy{.failure_threshold = 2}})
                           .entry_point("a"),
                       world.options()};
  const auto code = [&] { return runs.run_to_result({}).info.error->code(); };
  CHECK(code() == errc::node_timeout);
  CHECK(code() == errc::node_timeout);
  CHECK(code() == errc::circuit_open);
}

TEST_CASE("A probe that is cancelled leaves its place to the next one") {
  simulated_world world{1, true};
  enum class mood { failing, silent, well } now = mood::failing;
  std::vector<reply<notes>> kept;
  executor<notes> runs{graph<notes>("breaker")
                           .node("a",
                                 [&](const notes&, reply<notes> answer) {
                                   if (now == mood::failing) return answer.fail("down");
                                   if (now == mood::well) return answer.done(update<notes>{});
                                   kept.push_back(answer);
                                 },
                                 {.breaker = breaker_policy{.failure_threshold = 1,
                                                            .cool_down = milliseconds{1000}}})
                           .entry_point("a"),
                       world.options()};
  CHECK(runs.run_to_result({}).status() == run_status::failed);
  world.after(milliseconds{1000}, [] {});
  world.run();
  now = mood::silent;
  const auto probe = runs.start(notes{});
  world.run();
  probe.cancel();
  world.run();
  REQUIRE(probe.finished());
  now = mood::well;
  CHECK(runs.run_to_result({}).done());
  kept.clear();
}

TEST_CASE("A subgraph whose nodes come along shows signs of life to the graph around it") {
  simulated_world world{1, true};
  const auto slow = [&](const notes&, reply<notes> answer) {
    world.after(milliseconds{900},
                [answer] { answer.done(update<notes>{}.set(&notes::count, 1)); });
  };
  const auto child = graph<notes>("child").node("x", slow).node("y", slow).node("z", slow).sequence(
      {mcp::start, "x", "y", "z", mcp::end});
  const auto limited = [&](milliseconds idle) {
    executor<notes> runs{graph<notes>("outer")
                             .node("child", child, {.timeout = timeout_policy{.idle = idle}})
                             .entry_point("child"),
                         world.options()};
    return runs.run_to_result({});
  };
  CHECK(limited(milliseconds{1000}).done());
  CHECK(limited(milliseconds{800}).info.error->code() == errc::node_timeout);
}

TEST_CASE("An answer given after a delay comes at its time and holds no thread meanwhile") {
  simulated_world world{1, true};
  executor<notes> runs{graph<notes>("delayed")
                           .node("a",
                                 [](const notes&, reply<notes> answer) {
                                   answer.done_after(std::chrono::hours{24},
                                                     update<notes>{}.set(&notes::answer, "later"));
                                 })
                           .entry_point("a"),
                       world.options()};
  const auto began = world.now();
  CHECK(runs.run({}).answer == "later");
  CHECK(world.now() - began == std::chrono::hours{24});
}

TEST_CASE("An answer that is given up before its time leaves its place") {
  simulated_world world{1, true};
  executor<notes> runs{
      graph<notes>("later")
          .node("a",
                [](const notes& s, reply<notes> answer) {
                  answer.done_after(milliseconds{s.topic.empty() ? 3'600'000 : 10},
                                    update<notes>{}.set(&notes::answer, "late"));
                },
                {.timeout = timeout_policy{.run = milliseconds{5'000}}, .concurrency = 1})
          .entry_point("a"),
      world.options()};
  CHECK(runs.run_to_result({}).info.error->code() == errc::node_timeout);
  const auto began = world.now();
  CHECK(runs.run({.topic = "x"}).answer == "late");
  CHECK(world.now() - began == milliseconds{10});
}

TEST_CASE("A send's own limit counts in place of its node's") {
  simulated_world world{1, true};
  silence nobody;
  executor<notes> runs{
      graph<notes>("silent")
          .node("plan", [](const notes&) {})
          .node("a", nobody.node(), {.timeout = timeout_policy{.run = milliseconds{5000}}})
          .entry_point("plan")
          .router("plan",
                  [](const notes&) {
                    return send{"a", notes{}}.timeout({.run = milliseconds{300}});
                  }),
      world.options()};
  const auto began = world.now();
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::node_timeout);
  CHECK(world.now() - began == milliseconds{300});
}

}  // namespace mcp::test
