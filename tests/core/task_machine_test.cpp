#include "core/task_machine.hpp"

#include "core/circuit_breaker.hpp"
#include "core/restart_window.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using namespace mcp::core;

namespace {

mcp::failure failed(mcp::errc code, bool logic = false) {
  return {.error = mcp::error{code, "what"}, .cause = nullptr, .logic = logic};
}

mcp::planned_node node_with(std::optional<mcp::retry_policy> retry, bool fallback) {
  mcp::planned_node node;
  node.spec.options.retry = std::move(retry);
  if (fallback) node.fallback = mcp::node_index{1};
  return node;
}

mcp::retry_policy plain_retry() {
  mcp::retry_policy policy{.max_attempts = 3, .initial_interval = 100ms, .max_interval = 150ms};
  policy.jitter = false;
  return policy;
}

}  // namespace

TEST_CASE("A failed attempt is repeated, replaced or given up as its policy says.") {
  using decision = retry_decision::kind;
  struct row {
    const char* what;
    bool retry;
    bool fallback;
    int attempt;
    mcp::failure failure;
    decision next;
    instant delay;
  };
  const auto plain = failed(mcp::errc::node_failed);
  const auto rows = std::vector<row>{
      {"no policy", false, false, 1, plain, decision::give_up, 0ms},
      {"no policy, a fallback", false, true, 1, plain, decision::fallback, 0ms},
      {"first attempt", true, false, 1, plain, decision::retry, 100ms},
      {"the pause grows to its limit", true, false, 2, plain, decision::retry, 150ms},
      {"last attempt", true, false, 3, plain, decision::give_up, 0ms},
      {"last attempt, a fallback", true, true, 3, plain, decision::fallback, 0ms},
      {"a timeout", true, false, 1, failed(mcp::errc::node_timeout), decision::retry, 100ms},
      {"a logic error", true, false, 1, failed(mcp::errc::node_failed, true), decision::give_up,
       0ms},
      {"a bad update", true, true, 1, failed(mcp::errc::invalid_update), decision::fallback, 0ms},
      {"a bad goto", true, false, 1, failed(mcp::errc::invalid_goto), decision::give_up, 0ms},
      {"an empty budget", true, false, 1, failed(mcp::errc::budget_exceeded), decision::give_up,
       0ms}};
  for (const auto& one : rows) {
    INFO(one.what);
    const auto node =
        node_with(one.retry ? std::optional{plain_retry()} : std::nullopt, one.fallback);
    auto failure = one.failure;
    const auto next = after_failure(node, one.attempt, failure, 0);
    CHECK(next.what == one.next);
    CHECK(next.delay == one.delay);
  }
}

TEST_CASE("Jitter adds at most a second to the pause before a retry.") {
  auto policy = plain_retry();
  policy.jitter = true;
  const auto node = node_with(policy, false);
  auto plain = failed(mcp::errc::node_failed);
  CHECK(after_failure(node, 1, plain, 0).delay == 100ms);
  const auto most = after_failure(node, 1, plain, ~std::uint64_t{0}).delay;
  CHECK(most > 1099ms);
  CHECK(most <= 1100ms);
}

TEST_CASE("A retry_on that throws wants no further attempt, and is named.") {
  auto policy = plain_retry();
  policy.retry_on = [](const mcp::failure&) -> bool { throw std::runtime_error{"predicate"}; };
  for (const bool fallback : {false, true}) {
    auto what = failed(mcp::errc::node_timeout);
    const auto next = after_failure(node_with(policy, fallback), 1, what, 0);
    CHECK(next.what == (fallback ? retry_decision::kind::fallback : retry_decision::kind::give_up));
    CHECK(what.error.code() == mcp::errc::node_timeout);
    CHECK(what.error.message() == "what; and its retry_on threw: predicate");
  }
}

TEST_CASE("An attempt is overdue after its run time, or after its idle time without a sign.") {
  struct row {
    const char* what;
    mcp::timeout_policy policy;
    instant started, sign, now;
    bool late;
  };
  const auto rows = std::vector<row>{{"not begun", {.run = 50ms}, 0ms, 0ms, 1000ms, false},
                                     {"just in time", {.run = 50ms}, 100ms, 0ms, 149ms, false},
                                     {"too long", {.run = 50ms}, 100ms, 149ms, 150ms, true},
                                     {"a sign of life", {.idle = 50ms}, 100ms, 140ms, 189ms, false},
                                     {"no further sign", {.idle = 50ms}, 100ms, 140ms, 190ms, true},
                                     {"no sign at all", {.idle = 50ms}, 100ms, 0ms, 150ms, true},
                                     {"no limits", {}, 100ms, 0ms, 10'000ms, false}};
  for (const auto& one : rows) {
    INFO(one.what);
    task running;
    running.started.store(one.started.count());
    running.last_sign.store(one.sign.count());
    const auto late = overdue(one.policy, running, one.now);
    CHECK(late.has_value() == one.late);
    if (late) CHECK(late->code() == mcp::errc::node_timeout);
    const auto check = next_check(one.policy, running, one.now);
    CHECK(check.has_value() == (one.policy.run > 0ms || one.policy.idle > 0ms));
    if (check) CHECK(*check >= one.now + 10ms);
  }
}

TEST_CASE("A circuit breaker goes through its states as its table says.") {
  using state = circuit_breaker::state;
  circuit_breaker breaker({.failure_threshold = 2, .cool_down = 100ms, .probes = 2});
  CHECK(breaker.admit(1ms));
  breaker.failed(1ms);
  breaker.succeeded();  // the row is broken
  breaker.failed(2ms);
  CHECK(breaker.at() == state::closed);
  breaker.failed(3ms);
  CHECK(breaker.at() == state::open);
  CHECK_FALSE(breaker.admit(102ms));
  CHECK(breaker.admit(103ms));
  CHECK(breaker.at() == state::half_open);
  CHECK(breaker.admit(103ms));
  CHECK_FALSE(breaker.admit(103ms));  // two probes at most
  breaker.succeeded();
  CHECK(breaker.at() == state::half_open);
  breaker.failed(110ms);
  CHECK(breaker.at() == state::open);
  CHECK_FALSE(breaker.admit(209ms));
  CHECK(breaker.admit(210ms));
  CHECK(breaker.admit(210ms));
  breaker.succeeded();
  breaker.succeeded();
  CHECK(breaker.at() == state::closed);
  CHECK(breaker.admit(210ms));
}

TEST_CASE("A probe that never comes back does not keep the breaker half-open for ever.") {
  circuit_breaker breaker({.failure_threshold = 1, .cool_down = 100ms, .probes = 1});
  breaker.failed(1ms);
  CHECK(breaker.admit(101ms));
  CHECK_FALSE(breaker.admit(150ms));
  CHECK(breaker.admit(201ms));
  CHECK_FALSE(breaker.admit(201ms));
  breaker.succeeded();
  CHECK(breaker.at() == circuit_breaker::state::closed);
}

TEST_CASE("Restarts are allowed up to their intensity within the period.") {
  restart_window window(2, 100ms);
  CHECK(window.allow(0ms));
  CHECK(window.allow(50ms));
  CHECK_FALSE(window.allow(100ms));
  CHECK(window.allow(300ms));
  CHECK(window.total() == 4);
  restart_window none(0, 100ms);
  CHECK_FALSE(none.allow(1ms));
}
