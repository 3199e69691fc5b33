#include "tools/tool_runner.hpp"

#include "agents/virtual_loop.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <future>
#include <vector>

namespace mcp::test {
namespace {

using namespace std::chrono_literals;

struct text_argument {
  std::string text{};
};
MCP_STRUCT(text_argument, text)

std::string argument(const std::string& text) {
  return to_json(text_argument{text});
}

/// A runner with a clock of its own.
class bench {
 public:
  template <class Function>
  explicit bench(Function function, tool_options options = {})
      : runner_(std::make_shared<tools::tool_runner>(
            make_tool("tool", "", std::move(function), std::move(options)), loop, pool)) {}

  /// Starts a call; its end is kept under the number that is returned.
  std::size_t call(const std::string& text = "x") {
    const auto number = ends.size();
    ends.emplace_back();
    runs.push_back(runner_->start({.call_id = "c" + std::to_string(number),
                                   .idempotency_key = "key" + std::to_string(number),
                                   .arguments = argument(text),
                                   .context = &context_},
                                  [this, number](tools::call_end end) {
                                    REQUIRE_FALSE(ends[number]);
                                    ends[number] = std::move(end);
                                  }));
    return number;
  }
  [[nodiscard]] std::string content(std::size_t number) const {
    return ends.at(number).value().result.value().content;
  }
  [[nodiscard]] errc code(std::size_t number) const {
    return ends.at(number).value().failed.value().error.code();
  }

  virtual_loop loop{};
  io::thread_pool pool{{.threads = 2, .queue = 2}};
  std::vector<std::optional<tools::call_end>> ends{};
  std::vector<std::shared_ptr<tools::running_call>> runs{};

 private:
  testkit::fake_context fake_{};
  mcp::context context_{fake_.start()};
  std::shared_ptr<tools::tool_runner> runner_;
};

retry_policy thrice() {
  return {.max_attempts = 3, .initial_interval = 100ms, .backoff_factor = 2.0, .jitter = false};
}

/// The same with an asynchronous tool whose answers the test gives.
struct held_bench : bench {
  explicit held_bench(tool_options options = {})
      : bench{
            [this](const text_argument&, tool_reply reply) { replies.push_back(std::move(reply)); },
            std::move(options)} {}
  std::vector<tool_reply> replies{};  ///< let go of before the runner is
};

}  // namespace

TEST_CASE("A call ends with the tool's result or with what it threw") {
  bench good{[](const text_argument& a) { return "<" + a.text + ">"; }};
  CHECK(good.content(good.call("hi")) == "<hi>");
  bench bad{[](const text_argument&) -> std::string { throw std::runtime_error{"broken"}; }};
  const auto number = bad.call();
  CHECK(bad.code(number) == errc::tool_failed);
  CHECK(bad.ends[number]->failed->error.message() == "broken");
  CHECK(bad.ends[number]->failed->cause);
  bench own{[](const text_argument&) -> std::string { throw error{errc::access_denied, "no"}; }};
  CHECK(own.code(own.call()) == errc::access_denied);
}

TEST_CASE("A failed attempt is repeated after the pauses of its policy") {
  int calls = 0;
  std::vector<std::string> keys;
  bench one{[&](const text_argument&, tool_context& ctx) -> std::string {
              keys.push_back(ctx.idempotency_key());
              if (++calls < 3) throw std::runtime_error{"not yet"};
              return "attempt " + std::to_string(ctx.attempt());
            },
            {.retry = thrice()}};
  const auto number = one.call();
  CHECK(calls == 1);
  one.loop.run_for(99ms);
  CHECK(calls == 1);
  one.loop.run_for(1ms);
  CHECK(calls == 2);
  one.loop.run_for(199ms);
  CHECK(calls == 2);
  one.loop.run_for(1ms);
  CHECK(one.content(number) == "attempt 3");
  CHECK(keys == std::vector<std::string>(3, "key0"));
  CHECK(one.loop.pending() == 0);
}

TEST_CASE("A call fails with its last failure when its attempts are used up") {
  int calls = 0;
  bench one{[&](const text_argument&) -> std::string {
              throw std::runtime_error{"failure " + std::to_string(++calls)};
            },
            {.retry = thrice()}};
  const auto number = one.call();
  one.loop.run_for(10s);
  CHECK(calls == 3);
  CHECK(one.ends[number]->failed->error.message() == "failure 3");
}

TEST_CASE("Arguments that do not fit and exhausted budgets are not tried again") {
  const auto code = GENERATE(errc::invalid_tool_call, errc::budget_exceeded);
  int calls = 0;
  auto policy = thrice();
  policy.retry_on = [](const failure&) { return true; };
  bench one{[&](const text_argument&) -> std::string {
              ++calls;
              throw error{code, "no"};
            },
            {.retry = policy}};
  const auto number = one.call();
  one.loop.run_for(10s);
  CHECK(calls == 1);
  CHECK(one.code(number) == code);
}

TEST_CASE("An attempt out of time is told, fails, and its late answer is dropped") {
  held_bench one{{.timeout = 50ms}};
  const auto number = one.call();
  bool told = false;
  one.replies.at(0).on_cancel([&told] { told = true; });
  one.loop.run_for(49ms);
  CHECK_FALSE(one.ends[number]);
  CHECK_FALSE(one.replies[0].cancelled());
  one.loop.run_for(1ms);
  CHECK(one.code(number) == errc::call_timeout);
  CHECK(told);
  CHECK(one.replies[0].cancelled());
  CHECK_NOTHROW(one.replies[0].done("late"));
  CHECK_THROWS_AS(one.replies[0].done("twice"), error);
  CHECK(one.loop.pending() == 0);
}

TEST_CASE("A timeout is followed by another attempt when the policy says so") {
  held_bench one{{.timeout = 50ms, .retry = thrice()}};
  const auto number = one.call();
  one.loop.run_for(50ms + 100ms);
  REQUIRE(one.replies.size() == 2);
  one.replies[0].done("of the first");
  CHECK_FALSE(one.ends[number]);
  one.replies[1].done("of the second");
  CHECK(one.content(number) == "of the second");
}

TEST_CASE("A reply that is let go without an answer fails the attempt") {
  held_bench one;
  const auto number = one.call();
  CHECK_FALSE(one.ends[number]);
  one.replies.clear();
  CHECK(one.code(number) == errc::reply_dropped);
}

TEST_CASE("No more attempts than the limit run at once, and the queue is bounded and in order") {
  held_bench one{{.concurrency = 2, .queue = 2}};
  for (int i = 0; i < 5; ++i) one.call();
  CHECK(one.replies.size() == 2);
  CHECK(one.code(4) == errc::overloaded);
  one.replies[1].done("b");
  one.loop.run_for(0ms);
  REQUIRE(one.replies.size() == 3);
  CHECK(one.replies[2].call_id() == "c2");
  one.replies[0].done("a");
  one.replies[2].done("c");
  one.loop.run_for(0ms);
  REQUIRE(one.replies.size() == 4);
  one.replies[3].done("d");
  CHECK(one.content(0) == "a");
  CHECK(one.content(1) == "b");
  CHECK(one.content(2) == "c");
  CHECK(one.content(3) == "d");
  one.call();
  CHECK(one.replies.size() == 5);
}

TEST_CASE("A call that pauses before its next attempt leaves its place to others") {
  int calls = 0;
  bench one{[&](const text_argument& a) -> std::string {
              if (a.text == "bad" && ++calls == 1) throw std::runtime_error{"once"};
              return a.text;
            },
            {.retry = thrice(), .concurrency = 1}};
  const auto bad = one.call("bad");
  const auto good = one.call("good");
  CHECK(one.content(good) == "good");
  CHECK_FALSE(one.ends[bad]);
  one.loop.run_for(100ms);
  CHECK(one.content(bad) == "bad");
}

TEST_CASE("A cancelled call stops, wherever it is") {
  held_bench one{{.retry = thrice(), .concurrency = 1}};
  const auto running = one.call();
  const auto queued = one.call();
  bool told = false;
  one.replies.at(0).on_cancel([&told] { told = true; });
  one.runs[queued]->cancel();
  CHECK(one.code(queued) == errc::cancelled);
  one.runs[running]->cancel();
  one.runs[running]->cancel();
  CHECK(told);
  CHECK(one.code(running) == errc::cancelled);
  one.loop.run_for(0ms);
  CHECK(one.replies.size() == 1);
  const auto pausing = one.call();
  REQUIRE(one.replies.size() == 2);
  one.replies[1].fail("passing");
  CHECK_FALSE(one.ends[pausing]);
  one.runs[pausing]->cancel();
  CHECK(one.code(pausing) == errc::cancelled);
  one.loop.run_for(10s);
  CHECK(one.replies.size() == 2);
  bool told_late = false;
  one.replies[0].on_cancel([&told_late] { told_late = true; });
  CHECK(told_late);
}

TEST_CASE("Equal arguments are answered from the cache until the entry is too old or pushed out") {
  int calls = 0;
  bench one{[&](const text_argument& a) { return a.text + std::to_string(++calls); },
            {.cache = cache_policy{.ttl = 100ms, .max_entries = 2}}};
  CHECK(one.content(one.call("a")) == "a1");
  one.loop.run_for(60ms);
  CHECK(one.content(one.call("a")) == "a1");
  one.loop.run_for(60ms);
  CHECK(one.content(one.call("a")) == "a2");
  CHECK(one.content(one.call("b")) == "b3");
  CHECK(one.content(one.call("a")) == "a2");
  CHECK(one.content(one.call("c")) == "c4");
  CHECK(one.content(one.call("b")) == "b5");
}

TEST_CASE("Results that are errors are not cached") {
  int calls = 0;
  bench one{[&](const text_argument&) {
              return tool_result{.content = std::to_string(++calls), .is_error = true};
            },
            {.cache = cache_policy{}}};
  CHECK(one.content(one.call()) == "1");
  CHECK(one.content(one.call()) == "2");
}

TEST_CASE("A long result is cut between characters and says so") {
  bench one{[](const text_argument&) { return std::string{"a\u00e9\u00e9\u00e9"}; },
            {.max_result_bytes = 4}};
  CHECK(one.content(one.call()) == "a\u00e9\n[cut: 3 of 7 bytes]");
}

TEST_CASE("A tool that asks a person by itself is refused") {
  bench one{[](const text_argument&, tool_context& ctx) {
    return ctx.context().ask<std::string>("may I?");
  }};
  const auto number = one.call();
  CHECK(one.code(number) == errc::tool_failed);
}

TEST_CASE("A blocking tool keeps its place until its function returns") {
  std::promise<void> door;
  const auto opened = door.get_future().share();
  std::atomic<int> started{0};
  std::promise<void> first_started;
  virtual_loop loop;
  testkit::fake_context fake;
  auto context = fake.start();
  {
    io::thread_pool pool;
    const auto runner = std::make_shared<tools::tool_runner>(
        make_tool("tool", "",
                  [&](const text_argument&) {
                    if (++started == 1) {
                      first_started.set_value();
                      opened.wait();
                    }
                    return "done";
                  },
                  {.blocking = true, .timeout = 50ms, .concurrency = 1}),
        loop, pool);
    std::optional<tools::call_end> first;
    runner->start({.arguments = argument("x"), .context = &context},
                  [&](tools::call_end end) { first = std::move(end); });
    first_started.get_future().wait();
    runner->start({.arguments = argument("x"), .context = &context}, [](const tools::call_end&) {});
    loop.run_for(50ms);
    REQUIRE(first);
    CHECK(first->failed.value().error.code() == errc::call_timeout);
    CHECK(started == 1);
    door.set_value();
    // The pool's end waits for the function; only then does the loop hear of the free place.
  }
  CHECK(loop.pending() == 1);
}

TEST_CASE("Blocking calls beyond the pool's queue are refused, and the others end") {
  std::promise<void> door;
  const auto opened = door.get_future().share();
  testkit::fake_context fake;
  auto context = fake.start();
  virtual_loop loop;
  std::atomic<int> ended{0};
  std::atomic<int> refused{0};
  {
    io::thread_pool pool{{.threads = 1, .queue = 2}};
    const auto runner = std::make_shared<tools::tool_runner>(
        make_tool("tool", "", [&](const text_argument&) { return opened.wait(), "done"; },
                  {.blocking = true}),
        loop, pool);
    for (int i = 0; i < 10; ++i) {
      runner->start({.arguments = argument("x"), .context = &context}, [&](tools::call_end end) {
        ++ended;
        if (end.failed && end.failed->error.code() == errc::overloaded) ++refused;
      });
    }
    CHECK(refused >= 7);
    door.set_value();
  }
  CHECK(ended == 10);
}

}  // namespace mcp::test
