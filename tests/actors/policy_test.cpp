#include "actors/scenario.hpp"

#include <thread>

namespace mcp::test {
namespace {

retry_policy quick_retry(int attempts) {
  return {.max_attempts = attempts, .initial_interval = milliseconds{1}, .jitter = false};
}

/// A graph of one node, "a".
template <class Function>
graph<notes> single(Function function, node_options options = {}) {
  return graph<notes>("single").node("a", std::move(function), std::move(options)).entry_point("a");
}

std::optional<errc> ends_with(executor<notes>& runs, const run_options& options = {}) {
  const auto ended = runs.run_to_result({}, options);
  if (!ended.info.error) return std::nullopt;
  return ended.info.error->code();
}

}  // namespace

TEST_CASE("A failing node is tried as often as its policy says") {
  std::atomic<int> calls{0};
  std::atomic<int> succeed_at{3};
  executor<notes> runs{single(
      [&](const notes&, context& ctx) {
        ++calls;
        if (ctx.attempt() < succeed_at) throw std::runtime_error{"passing"};
        return update<notes>{}.set(&notes::count, ctx.attempt());
      },
      {.retry = quick_retry(3)})};
  CHECK(runs.run({}).count == 3);
  CHECK(calls == 3);
  succeed_at = 9;
  const auto failed = runs.run_to_result({});
  REQUIRE(failed.status() == run_status::failed);
  CHECK(failed.info.error->place().attempt == 3);
  CHECK(calls == 6);
}

TEST_CASE("Logic errors are not tried again, and a predicate decides where there is one") {
  std::atomic<int> calls{0};
  executor<notes> logic{single(
      [&](const notes&) {
        ++calls;
        throw std::invalid_argument{"same again"};
      },
      {.retry = quick_retry(5)})};
  CHECK(ends_with(logic) == errc::node_failed);
  CHECK(calls == 1);
  auto policy = quick_retry(5);
  policy.retry_on = [](const failure& what) { return mentions(what.error.message(), "retry me"); };
  calls = 0;
  executor<notes> picky{single(
      [&](const notes&) { throw std::invalid_argument{++calls < 3 ? "retry me" : "enough"}; },
      {.retry = policy})};
  CHECK(ends_with(picky) == errc::node_failed);
  CHECK(calls == 3);
}

TEST_CASE("A node without a policy takes the graph's default") {
  std::atomic<int> calls{0};
  auto one = single([&](const notes&) {
    if (++calls < 2) throw std::runtime_error{"once"};
  });
  one.defaults({.retry = quick_retry(2)});
  executor<notes> runs{one};
  CHECK_FALSE(ends_with(runs).has_value());
  CHECK(calls == 2);
}

TEST_CASE("An attempt that runs too long or gives no sign of life times out") {
  const auto policy =
      GENERATE(timeout_policy{.run = milliseconds{20}}, timeout_policy{.idle = milliseconds{20}});
  door gate;
  executor<notes> runs{
      single([&](const notes&) { gate.wait(); }, {.timeout = policy, .blocking = true})};
  const opens_at_end safely{gate};
  CHECK(ends_with(runs) == errc::node_timeout);
}

TEST_CASE("A timed-out attempt is retried and its late result is dropped") {
  door gate;
  executor<notes> runs{single(
      [&](const notes&, context& ctx) {
        if (ctx.attempt() == 1) gate.wait();
        return update<notes>{}.append(&notes::log, std::to_string(ctx.attempt()));
      },
      {.retry = quick_retry(2),
       .timeout = timeout_policy{.run = milliseconds{20}},
       .blocking = true})};
  const opens_at_end safely{gate};
  CHECK(runs.run({}).log == words{"2"});
}

TEST_CASE("Heartbeats keep an attempt alive beyond its idle timeout") {
  executor<notes> runs{single(
      [](const notes&, context& ctx) {
        const auto until = ctx.now() + milliseconds{120};
        while (ctx.now() < until && !ctx.cancelled()) ctx.heartbeat();
      },
      {.timeout = timeout_policy{.idle = milliseconds{60}}, .blocking = true})};
  CHECK_FALSE(ends_with(runs).has_value());
}

TEST_CASE("A fallback node takes over in the same superstep and knows why") {
  const scenario_store box{any_store()};
  auto safe =
      graph<notes>("safe")
          .node("a", [](const notes&) { throw std::runtime_error{"broken pipe"}; },
                {.fallback = "b"})
          .node("b",
                [](const notes&, context& ctx) {
                  return update<notes>{}.append(
                      &notes::log, ctx.failure() == nullptr ? "none" : ctx.failure()->message());
                })
          .node("z", logs("z"))
          .entry_point("a")
          .edge("a", "z");
  executor<notes> runs{safe, box.options()};
  const auto ended = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"broken pipe", "z"});
  CHECK(ended.info.steps == 2);
}

TEST_CASE("A fallback whose first attempt times out still knows why it was called") {
  door gate;
  auto safe = graph<notes>("safe")
                  .node("a", [](const notes&) { throw std::runtime_error{"broken pipe"}; },
                        {.fallback = "b"})
                  .node("b",
                        [&gate](const notes&, context& ctx) {
                          if (ctx.attempt() == 1) gate.wait();
                          return update<notes>{}.set(&notes::answer,
                                                     ctx.failure() == nullptr ? "none" : "known");
                        },
                        {.retry = quick_retry(2),
                         .timeout = timeout_policy{.run = milliseconds{20}},
                         .blocking = true})
                  .entry_point("a");
  executor<notes> runs{safe};
  const opens_at_end safely{gate};
  CHECK(runs.run({}).answer == "known");
}

TEST_CASE("A breaker shared by name opens after its failures and then fails fast") {
  std::atomic<int> calls{0};
  const breaker_policy shared{
      .name = "model", .failure_threshold = 2, .cool_down = std::chrono::hours{1}};
  const auto fails = [&](const notes&) {
    ++calls;
    throw std::runtime_error{"down"};
  };
  auto pair = graph<notes>("pair")
                  .node("a", fails, {.breaker = shared})
                  .node("b", fails, {.breaker = shared})
                  .entry_point("a")
                  .router("a", [](const notes&) { return end; }, {"b", end})
                  .node("z", [](const notes&) {})
                  .edge("b", "z");
  pair.router(start, [](const notes& s) { return s.topic == "b" ? routes{"b"} : routes{}; }, {"b"});
  executor<notes> runs{pair};
  CHECK(ends_with(runs) == errc::node_failed);
  CHECK(ends_with(runs) == errc::node_failed);
  CHECK(calls == 2);
  CHECK(ends_with(runs) == errc::circuit_open);
  CHECK(runs.run_to_result({.topic = "b"}).info.error->code() == errc::circuit_open);
  CHECK(calls == 2);
}

TEST_CASE("A breaker lets a probe pass after its cool-down and closes when that succeeds") {
  std::atomic<bool> broken{true};
  std::atomic<int> calls{0};
  executor<notes> runs{single(
      [&](const notes&) {
        ++calls;
        if (broken) throw std::runtime_error{"down"};
      },
      {.breaker = breaker_policy{.failure_threshold = 1, .cool_down = milliseconds{0}}})};
  CHECK(ends_with(runs) == errc::node_failed);
  broken = false;
  CHECK_FALSE(ends_with(runs).has_value());
  CHECK_FALSE(ends_with(runs).has_value());
  CHECK(calls == 3);
}

TEST_CASE("A cached result is used again for an equal input and forgotten when its time is over") {
  std::atomic<int> calls{0};
  const auto node = [&](const notes& s) {
    ++calls;
    return update<notes>{}.set(&notes::answer, "on " + s.topic);
  };
  executor<notes> runs{single(node, {.cache = cache_policy{}})};
  CHECK(runs.run({.topic = "owls"}).answer == "on owls");
  CHECK(runs.run({.topic = "owls"}).answer == "on owls");
  CHECK(calls == 1);
  CHECK(runs.run({.topic = "bats"}).answer == "on bats");
  CHECK(calls == 2);
}

TEST_CASE("A cache may say which inputs are equal, and what its key throws fails the node") {
  std::atomic<int> calls{0};
  const auto node = [&](const notes& s) {
    ++calls;
    return update<notes>{}.set(&notes::answer, "on " + s.topic);
  };
  executor<notes> runs{
      single(node, {.cache = cache_policy{.key = cache_by<notes>([](const notes& s) {
                                            if (s.topic.empty())
                                              throw std::invalid_argument{"no topic"};
                                            return s.topic;
                                          })}})};
  CHECK(runs.run({.topic = "owls", .count = 1}).answer == "on owls");
  CHECK(runs.run({.topic = "owls", .count = 2}).answer == "on owls");
  CHECK(calls == 1);
  CHECK(ends_with(runs) == errc::node_failed);
  executor<notes> wrong{single(
      node,
      {.cache = cache_policy{.key = cache_by<std::string>([](const auto& s) { return s; })}})};
  CHECK(ends_with(wrong) == errc::invalid_argument);
}

struct visit {
  std::string who{};
  std::string token{};
};
MCP_STATE(visit, who, (token, untracked))

TEST_CASE("Inputs that differ in a field that is not stored are not equal") {
  std::atomic<int> calls{0};
  executor<visit> runs{graph<visit>("visits")
                           .node("a", [&](const visit&) { ++calls; }, {.cache = cache_policy{}})
                           .entry_point("a")};
  static_cast<void>(runs.run({.who = "ann", .token = "x"}));
  static_cast<void>(runs.run({.who = "ann", .token = "y"}));
  static_cast<void>(runs.run({.who = "ann", .token = "y"}));
  CHECK(calls == 2);
}

TEST_CASE("A subgraph's result is cached, and its failures count for its breaker") {
  std::atomic<int> calls{0};
  const auto inner = single([&](const notes& s) {
    ++calls;
    if (s.topic == "bad") throw std::runtime_error{"down"};
    return update<notes>{}.set(&notes::answer, "on " + s.topic);
  });
  executor<notes> runs{graph<notes>("outer")
                           .node("team", inner,
                                 {.breaker = breaker_policy{.failure_threshold = 1,
                                                            .cool_down = milliseconds{3'600'000}},
                                  .cache = cache_policy{}})
                           .entry_point("team")};
  CHECK(runs.run({.topic = "owls"}).answer == "on owls");
  CHECK(runs.run({.topic = "owls"}).answer == "on owls");
  CHECK(calls == 1);
  CHECK(runs.run_to_result({.topic = "bad"}).info.error->code() == errc::node_failed);
  CHECK(runs.run_to_result({.topic = "bad"}).info.error->code() == errc::circuit_open);
  CHECK(runs.run({.topic = "owls"}).answer == "on owls");  // the cache does not call
  CHECK(calls == 2);
}

TEST_CASE("A breaker's name means the same in a graph and its subgraphs") {
  const breaker_policy shared{
      .name = "model", .failure_threshold = 1, .cool_down = milliseconds{3'600'000}};
  const auto fails = [](const notes&) { throw std::runtime_error{"down"}; };
  const auto outer = [&](const breaker_policy& inner) {
    return graph<notes>("outer")
        .node("a", fails, {.breaker = shared})
        .node("team", single(fails, {.breaker = inner}))
        .router(start, [](const notes& s) { return s.topic.empty() ? "a" : "team"; },
                {"a", "team"});
  };
  executor<notes> runs{outer(shared)};
  CHECK(ends_with(runs) == errc::node_failed);
  CHECK(runs.run_to_result({.topic = "x"}).info.error->code() == errc::circuit_open);
  auto other = shared;
  other.failure_threshold = 2;
  CHECK(code_of([&] { return executor<notes>{outer(other)}.run({}); }) == errc::invalid_graph);
}

TEST_CASE("Executors of one runtime share a breaker that says so, while one of them lives") {
  const actor_runtime here{runtime_options{.scheduler_threads = 2}};
  const breaker_policy own{
      .name = "service", .failure_threshold = 1, .cool_down = milliseconds{3'600'000}};
  auto shared = own;
  shared.across_executors = true;
  std::atomic<int> calls{0};
  const auto made = [&](const breaker_policy& policy, const actor_runtime& on) {
    const auto fails = [&calls](const notes&) {
      ++calls;
      throw std::runtime_error{"down"};
    };
    return std::make_unique<executor<notes>>(single(fails, {.breaker = policy}),
                                             executor_options{.runtime = on});
  };
  auto one = made(shared, here);
  auto two = made(shared, here);
  CHECK(ends_with(*one) == errc::node_failed);
  CHECK(ends_with(*two) == errc::circuit_open);
  CHECK(calls == 1);
  // Neither a breaker of the graph's own nor another runtime's is meant.
  CHECK(ends_with(*made(own, here)) == errc::node_failed);
  CHECK(ends_with(*made(shared, actor_runtime{runtime_options{.scheduler_threads = 2}})) ==
        errc::node_failed);
  auto other = shared;
  other.failure_threshold = 2;
  CHECK(code_of([&] { return ends_with(*made(other, here)); }) == errc::invalid_graph);
  one.reset();
  CHECK(ends_with(*two) == errc::circuit_open);
  two.reset();
  CHECK(ends_with(*made(other, here)) == errc::node_failed);
}

TEST_CASE("A node is held to the fields that it says it writes") {
  executor<notes> runs{single([](const notes&) { return update<notes>{}.set(&notes::answer, "x"); },
                              {.writes = {"topic"}})};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_update);
  CHECK(mentions(ended.info.error->message(), "answer"));
}

TEST_CASE("No more tasks of a node are at work than its concurrency allows") {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  auto fan = graph<notes>("fan")
                 .node("plan", logs("plan"))
                 .node("work",
                       [&](const int&) {
                         const int here = ++now;
                         int seen = most;
                         while (here > seen && !most.compare_exchange_weak(seen, here)) continue;
                         std::this_thread::yield();
                         --now;
                         return update<notes>{}.set(&notes::count, 1);
                       },
                       {.concurrency = 2, .blocking = true})
                 .entry_point("plan")
                 .router("plan", [](const notes&) {
                   routes all;
                   for (int i = 0; i < 64; ++i) all.add(send{"work", i});
                   return all;
                 });
  executor<notes> runs{fan};
  CHECK(runs.run({}).count == 64);
  CHECK(most <= 2);
  CHECK(most >= 1);
}

TEST_CASE("An asynchronous node may answer from another thread") {
  const scenario_store box{any_store()};
  std::promise<reply<notes>> asked;
  executor<notes> runs{
      single([&asked](const notes&, const reply<notes>& answer) { asked.set_value(answer); }),
      box.options()};
  std::thread helper{[later = asked.get_future()]() mutable {
    later.get().done(update<notes>{}.set(&notes::answer, "late"));
  }};
  const auto ended = runs.run_to_result({.topic = "owl"});
  helper.join();
  CHECK(ended.state().answer == "late");
}

TEST_CASE("A reply that is dropped, failed, or never made is an error of its task") {
  executor<notes> dropped{single([](const notes&, reply<notes>) {})};
  CHECK(ends_with(dropped) == errc::reply_dropped);
  executor<notes> failed{single([](const notes&, reply<notes> answer) { answer.fail("sorry"); })};
  CHECK(ends_with(failed) == errc::node_failed);
  executor<notes> threw{single([](const notes&, reply<notes> answer) {
    if (answer.context().attempt() == 1) throw std::runtime_error{"before the answer"};
  })};
  CHECK(ends_with(threw) == errc::node_failed);
}

TEST_CASE("A second answer is refused") {
  std::promise<std::optional<errc>> second;
  executor<notes> runs{single([&second](const notes&, reply<notes> answer) {
    answer.done(update<notes>{}.set(&notes::answer, "first"));
    second.set_value(code_of([&] {
      answer.done(update<notes>{}.set(&notes::answer, "second"));
      return 0;
    }));
  })};
  CHECK(runs.run({}).answer == "first");
  CHECK(second.get_future().get() == errc::invalid_argument);
}

TEST_CASE("An answer after a delay is delivered though the node has let go of its reply") {
  executor<notes> runs{single([](const notes&, reply<notes> answer) {
    answer.done_after(milliseconds{1}, update<notes>{}.set(&notes::answer, "later"));
  })};
  CHECK(runs.run({}).answer == "later");
}

}  // namespace mcp::test
