#include "limits/rate_limiter.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <map>
#include <random>

using namespace std::chrono_literals;
using mcp::limits::rate_limiter;
using time_point = rate_limiter::time_point;

namespace {

constexpr time_point start{1h};

rate_limiter::ticket enter(rate_limiter& limiter, time_point now, const std::string& run,
                           int priority = 0, std::int64_t tokens = 0) {
  const auto place = limiter.enter(now, run, priority, tokens);
  REQUIRE(place.taken);
  return *place.taken;
}

/// The tickets in the order they are let through, with unlimited calls at once.
std::vector<rate_limiter::ticket> drain(rate_limiter& limiter, time_point& now) {
  std::vector<rate_limiter::ticket> order;
  while (const auto next = limiter.next_admission(now)) {
    now = *next;
    for (const auto call : limiter.admit(now)) {
      order.push_back(call);
      limiter.finished(now, call, 0);
    }
  }
  return order;
}

}  // namespace

TEST_CASE("Calls are spread over the minute instead of being sent at once") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  auto now = start;
  for (int i = 0; i < 10; ++i) enter(limiter, now, "a");
  std::vector<time_point> times;
  while (const auto next = limiter.next_admission(now)) {
    now = *next;
    const auto admitted = limiter.admit(now);
    REQUIRE(admitted.size() == 1);
    times.push_back(now);
  }
  REQUIRE(times.size() == 10);
  CHECK(times.front() == start);
  for (std::size_t i = 2; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == 1s);
  CHECK(limiter.in_flight() == 10);
}

TEST_CASE("A fast limit lets through together what falls into one tick of a timer") {
  rate_limiter limiter{{.requests_per_minute = 600'000}};
  for (int i = 0; i < 5000; ++i) enter(limiter, start, "a");
  CHECK(limiter.admit(start).size() == 1001);  // the first, and 100 ms
  CHECK(limiter.admit(start + 10ms).size() == 100);
}

TEST_CASE("No more calls are in flight than allowed") {
  rate_limiter limiter{{.in_flight = 2}};
  const auto first = enter(limiter, start, "a");
  enter(limiter, start, "a");
  enter(limiter, start, "b");
  CHECK(limiter.admit(start).size() == 2);
  CHECK_FALSE(limiter.next_admission(start));
  limiter.finished(start, first, 0);
  CHECK(limiter.next_admission(start) == start);
  CHECK(limiter.admit(start).size() == 1);
}

TEST_CASE("Tokens are set aside by estimate and settled by what was used") {
  rate_limiter limiter{{.tokens_per_minute = 6000}};
  const auto first = enter(limiter, start, "a", 0, 1000);
  enter(limiter, start, "a", 0, 1000);
  CHECK(limiter.admit(start) == std::vector{first});
  CHECK(limiter.next_admission(start) == start + 10s - rate_limiter::tolerance);
  SECTION("less was used") {
    limiter.finished(start + 1s, first, 400);
    CHECK(limiter.next_admission(start + 1s) == start + 4s - rate_limiter::tolerance);
  }
  SECTION("more was used") {
    limiter.finished(start + 1s, first, 2000);
    CHECK(limiter.next_admission(start + 1s) == start + 20s - rate_limiter::tolerance);
  }
  SECTION("a call beyond the limit of a minute still gets through") {
    rate_limiter small{{.tokens_per_minute = 1}};
    enter(small, start, "a", 0, 1'000'000'000);
    enter(small, start, "a", 0, 1);
    CHECK(small.admit(start).size() == 1);
    CHECK(*small.next_admission(start) <= start + rate_limiter::longest_share);
  }
}

TEST_CASE("Runs take turns, however many calls one of them has waiting") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  std::vector<rate_limiter::ticket> many;
  for (int i = 0; i < 4; ++i) many.push_back(enter(limiter, start, "many"));
  const auto one = enter(limiter, start, "one");
  const auto two = enter(limiter, start, "two");
  auto now = start;
  CHECK(drain(limiter, now) == std::vector{many[0], one, two, many[1], many[2], many[3]});
}

TEST_CASE("A steady stream of new runs does not keep an older one from its turn") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  for (int i = 0; i < 20; ++i) enter(limiter, start, "old");
  auto now = start;
  int of_old = 0;
  for (int i = 0; i < 40; ++i) {
    if (i % 2 == 0) enter(limiter, now, "new " + std::to_string(i));
    now = *limiter.next_admission(now);
    for (const auto call : limiter.admit(now)) of_old += call <= 20 ? 1 : 0;
  }
  CHECK(of_old >= 18);
}

TEST_CASE("Each step of priority doubles a run's share and none starves") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  std::map<rate_limiter::ticket, std::string> owner;
  for (int i = 0; i < 400; ++i) {
    owner[enter(limiter, start, "low", -1)] = "low";
    owner[enter(limiter, start, "normal", 0)] = "normal";
    owner[enter(limiter, start, "high", 1)] = "high";
  }
  std::map<std::string, int> share;
  auto now = start;
  for (int i = 0; i < 350; ++i) {
    now = *limiter.next_admission(now);
    for (const auto call : limiter.admit(now)) ++share[owner[call]];
  }
  CHECK(share["low"] == Approx(50).margin(2));
  CHECK(share["normal"] == Approx(100).margin(2));
  CHECK(share["high"] == Approx(200).margin(2));
}

TEST_CASE("A full queue refuses calls and says when there may be room") {
  rate_limiter limiter{{.requests_per_minute = 60, .queue = 30}};
  for (int i = 0; i < 30; ++i) enter(limiter, start, "a");
  const auto refused = limiter.enter(start, "b", 0, 0);
  CHECK_FALSE(refused.taken);
  CHECK(refused.retry_after == 30s);
}

TEST_CASE("A call that leaves the queue gives its turn to the next one") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  const auto a = enter(limiter, start, "a");
  const auto b = enter(limiter, start, "b");
  CHECK(limiter.leave(a));
  CHECK_FALSE(limiter.leave(a));
  CHECK(limiter.admit(start) == std::vector{b});
  CHECK_FALSE(limiter.leave(b));
  CHECK(limiter.waiting() == 0);
}

TEST_CASE("After a rejection calls pause, then come slower, then at the full rate again") {
  rate_limiter limiter{{.requests_per_minute = 60}};
  const auto first = enter(limiter, start, "a");
  const auto second = enter(limiter, start, "a");
  for (int i = 0; i < 500; ++i) enter(limiter, start, "a");
  REQUIRE(limiter.admit(start).size() == 1);
  auto now = *limiter.next_admission(start);
  REQUIRE(limiter.admit(now) == std::vector{second});
  limiter.rejected(now, first, 20s);
  CHECK(*limiter.next_admission(now) >= now + 20s);
  CHECK(limiter.rate(now) == rate_limiter::lowering);
  limiter.rejected(now, second, 10s);  // it started before the rate was lowered
  CHECK(limiter.rate(now) == rate_limiter::lowering);
  CHECK(*limiter.next_admission(now) >= now + 20s);

  now += 20s;
  CHECK(limiter.admit(now).size() == 1);
  const auto gap = *limiter.next_admission(now) - now;
  CHECK(gap > 1.1s);
  CHECK(gap < 1.34s);
  now += 1min;
  CHECK(limiter.rate(now) == 1.0);
}

TEST_CASE("A limiter without a rate learns one from a rejection and forgets it later") {
  rate_limiter limiter{mcp::rate_limit{}};
  std::vector<rate_limiter::ticket> calls;
  for (int i = 0; i < 120; ++i) calls.push_back(enter(limiter, start, "a"));
  REQUIRE(limiter.admit(start + 30s).size() == 120);
  auto now = start + 30s;
  limiter.rejected(now, calls[0], std::nullopt);
  now += rate_limiter::default_pause;
  for (int i = 0; i < 10; ++i) enter(limiter, now, "a");
  REQUIRE(limiter.admit(now).size() == 1);
  const std::chrono::duration<double> gap = *limiter.next_admission(now) - now;
  CHECK(gap.count() > 0.5);
  CHECK(gap.count() < 0.7);
  now += 5min;
  limiter.finished(now, calls[1], 0);
  CHECK(limiter.admit(now).size() == 9);
}

TEST_CASE("Random calls never exceed the limits, and all get through") {
  const char* given = std::getenv("MCP_TEST_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  INFO("MCP_TEST_SEED=" << seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  rate_limiter limiter{{.requests_per_minute = 120, .tokens_per_minute = 60'000, .in_flight = 7}};
  auto now = start;
  std::vector<time_point> starts;
  std::vector<rate_limiter::ticket> running;
  int entered = 0;
  int left = 0;
  int ended = 0;
  while (entered < 3000 || limiter.waiting() > 0 || !running.empty()) {
    const auto dice = below(10);
    if (dice < 4 && entered < 3000) {
      ++entered;
      const auto call = enter(limiter, now, std::to_string(below(40)), below(5) - 2, below(900));
      if (below(20) == 0) left += limiter.leave(call) ? 1 : 0;
    } else if (dice < 7 && !running.empty()) {
      const auto one = static_cast<std::size_t>(below(static_cast<unsigned>(running.size())));
      limiter.finished(now, running[one], below(900));
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(one));
      ++ended;
    } else {
      now += std::chrono::milliseconds{below(700)};
    }
    for (const auto call : limiter.admit(now)) {
      starts.push_back(now);
      running.push_back(call);
    }
    REQUIRE(limiter.in_flight() == running.size());
    REQUIRE(running.size() <= 7);
  }
  CHECK(ended + left == 3000);
  for (std::size_t i = 121; i < starts.size(); ++i) REQUIRE(starts[i] - starts[i - 121] > 59s);
}
