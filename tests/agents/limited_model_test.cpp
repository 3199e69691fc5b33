#include "providers/limited_model.hpp"

#include "agents/virtual_loop.hpp"
#include "providers/retrying_model.hpp"
#include "providers/scripted_model.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using mcp::errc;
using mcp::test::virtual_loop;

TEST_CASE(
    "512 agents share 60 requests a minute: none dies, the quota is used, the order is fair") {
  virtual_loop loop;
  constexpr int agents = 512;
  constexpr int calls_each = 4;
  std::vector<double> starts;  // seconds
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answer =
                      [&](const auto&) {
                        starts.push_back(static_cast<double>(loop.elapsed().count()) / 1000);
                        return mcp::scripted_answer{.text = "ok", .delay = 3s};
                      }}}},
      &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "test", mcp::rate_limit{.requests_per_minute = 60}, loop);
  mcp::providers::limited_model model{provider, limiter};

  std::vector<int> answered(agents, 0);
  int failed = 0;
  int widest = 0;
  std::function<void(int)> ask = [&](int agent) {
    mcp::chat_request request{.messages = {mcp::user_message("go")},
                              .tag = {.run = "run " + std::to_string(agent)}};
    model.start(request, {.on_end = [&, agent](mcp::chat_outcome outcome) {
                  failed += outcome.answer ? 0 : 1;
                  const auto mine = ++answered[static_cast<std::size_t>(agent)];
                  const auto [least, most] = std::minmax_element(answered.begin(), answered.end());
                  widest = std::max(widest, *most - *least);
                  if (mine < calls_each) ask(agent);
                }});
  };
  for (int i = 0; i < agents; ++i) ask(i);
  loop.run();

  CHECK(failed == 0);
  CHECK(std::all_of(answered.begin(), answered.end(), [](int n) { return n == calls_each; }));
  REQUIRE(starts.size() == agents * calls_each);
  const auto minutes = (starts.back() - starts.front()) / 60;
  const auto used = static_cast<double>(starts.size()) / (minutes * 60);
  CHECK(used >= 0.95);
  for (std::size_t i = 61; i < starts.size(); ++i) REQUIRE(starts[i] - starts[i - 61] > 60);
  CHECK(widest <= 1);  // no agent is ever two calls ahead of another
  std::cout << "  512 agents: " << used * 100 << " % of the quota, widest gap " << widest
            << " call(s)\n";
}

TEST_CASE("A call that waits for its turn can be cancelled and its turn is not lost") {
  virtual_loop loop;
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answers = {{.text = "ok", .delay = 10s}}}}}, &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "test", mcp::rate_limit{.in_flight = 1}, loop);
  mcp::providers::limited_model model{provider, limiter};
  std::vector<std::string> ends;
  const auto ask = [&](const std::string& run) {
    return model.start({.messages = {mcp::user_message("go")}, .tag = {.run = run}},
                       {.on_end = [&ends, run](mcp::chat_outcome o) {
                         ends.push_back(run + (o.answer ? " ok" : " cancelled"));
                       }});
  };
  const auto a = ask("a");
  const auto b = ask("b");
  const auto c = ask("c");
  loop.run_for(1s);
  CHECK(limiter->in_flight() == 1);
  b->cancel();
  b->cancel();
  CHECK(ends == std::vector<std::string>{"b cancelled"});
  a->cancel();  // in flight: the place is free for c
  loop.run_for(1s);
  CHECK(limiter->in_flight() == 1);
  loop.run();
  CHECK(ends == std::vector<std::string>{"b cancelled", "a cancelled", "c ok"});
  CHECK(limiter->in_flight() == 0);
  CHECK(limiter->waiting() == 0);
}

TEST_CASE("A full queue of a limited model fails the call with a time to try again") {
  virtual_loop loop;
  const auto provider =
      mcp::providers::make_scripted_model({.rules = {{.answers = {{.text = "ok"}}}}}, &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "acme/one", mcp::rate_limit{.requests_per_minute = 6, .queue = 2}, loop);
  mcp::providers::limited_model model{provider, limiter};
  std::vector<mcp::chat_outcome> ends;
  for (int i = 0; i < 3; ++i) {
    model.start({.messages = {mcp::user_message("go")}},
                {.on_end = [&](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  }
  REQUIRE(ends.size() == 1);
  REQUIRE(ends[0].failure);
  CHECK(ends[0].failure->error.code() == errc::overloaded);
  CHECK(ends[0].failure->passing);
  CHECK(ends[0].failure->retry_after == 20s);
  CHECK_THAT(ends[0].failure->error.message(), Catch::Contains("acme/one"));
  loop.run();
  CHECK(ends.size() == 3);
}

TEST_CASE("A model that answers at once does not pile up calls within each other") {
  virtual_loop loop;
  int depth = 0;
  int deepest = 0;
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answer =
                      [&](const auto&) {
                        deepest = std::max(deepest, ++depth);
                        return mcp::scripted_answer{.text = "ok"};
                      }}}},
      &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "test", mcp::rate_limit{.in_flight = 1}, loop);
  mcp::providers::limited_model model{provider, limiter};
  int ends = 0;
  for (int i = 0; i < 5000; ++i) {
    model.start({.messages = {mcp::user_message("go")}}, {.on_end = [&](mcp::chat_outcome) {
                  --depth;
                  ++ends;
                }});
  }
  loop.run();
  CHECK(ends == 5000);
  CHECK(deepest == 1);
}

TEST_CASE("The process has one limiter for an account and refuses a second limit for it") {
  virtual_loop loop;
  using mcp::providers::shared_limiter;
  const mcp::rate_limit slow{.requests_per_minute = 10};
  const mcp::rate_limit fast{.requests_per_minute = 20};
  auto a = shared_limiter::of_process("account", slow, loop);
  CHECK(shared_limiter::of_process("account", slow, loop) == a);
  CHECK(shared_limiter::of_process("other", slow, loop) != a);
  CHECK_THROWS_AS(shared_limiter::of_process("account", fast, loop), mcp::error);
  a.reset();
  CHECK_NOTHROW(shared_limiter::of_process("account", fast, loop));
}

TEST_CASE("Calls may be started and cancelled from several threads at once") {
  virtual_loop loop;
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answer =
                      [n = 0](const auto&) mutable {
                        const mcp::error reason{
                            n % 4 == 0 ? errc::rate_limited : errc::server_failed, "x"};
                        mcp::scripted_answer made{.text = "ok", .delay = 5ms * (n % 3)};
                        if (n++ % 2 == 0) made.failure = mcp::model_failure{reason, true, 10ms};
                        return made;
                      }}}},
      &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "test", mcp::rate_limit{.requests_per_minute = 60'000, .in_flight = 3}, loop);
  const auto model = mcp::with_fallbacks({std::make_shared<mcp::providers::retrying_model>(
      std::make_shared<mcp::providers::limited_model>(provider, limiter),
      mcp::model_retry{.max_attempts = 3, .initial_interval = 5ms}, loop, 1)});

  constexpr int threads = 4;
  constexpr int calls = 300;
  std::vector<std::atomic<int>> ends(threads * calls);
  std::atomic<int> ended{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < calls; ++i) {
        auto& mine = ends[static_cast<std::size_t>(t * calls + i)];
        const auto call = model->start(
            {.messages = {mcp::user_message("go")}, .tag = {.run = std::to_string(i % 7)}},
            {.on_delta = [](const mcp::chat_delta&) {},
             .on_end =
                 [&](mcp::chat_outcome) {
                   ++mine;
                   ++ended;
                 }});
        if (i % 3 == 0) call->cancel();
      }
    });
  }
  while (ended < threads * calls) {
    if (!loop.run_one()) std::this_thread::yield();
  }
  for (auto& one : callers) one.join();
  loop.run();
  CHECK(std::all_of(ends.begin(), ends.end(), [](const auto& n) { return n == 1; }));
  CHECK(limiter->in_flight() == 0);
  CHECK(limiter->waiting() == 0);
}
