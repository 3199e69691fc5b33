#include "agents/virtual_loop.hpp"
#include "limits/retry_schedule.hpp"
#include "providers/limited_model.hpp"
#include "providers/retrying_model.hpp"
#include "providers/scripted_model.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using mcp::chat_delta;
using mcp::errc;
using mcp::model_failure;
using mcp::scripted_answer;
using mcp::limits::retry_schedule;
using mcp::test::virtual_loop;

namespace {

model_failure passing(errc code = errc::server_failed) {
  return {.error = mcp::error{code, "try again"}, .passing = true};
}

scripted_answer fails(model_failure what, std::string text = "") {
  return {.text = std::move(text), .failure = std::move(what), .delay = 1s};
}

/// A retrying model over a scripted one, and what its caller hears.
struct fixture {
  virtual_loop loop{};
  int attempts = 0;
  std::string heard{};
  std::vector<mcp::chat_outcome> ends{};
  std::shared_ptr<mcp::chat_model> model{};

  explicit fixture(std::vector<scripted_answer> answers, mcp::model_retry policy = {}) {
    auto provider = mcp::providers::make_scripted_model(
        {.rules = {{.answer =
                        [this, answers = std::move(answers)](const auto&) {
                          const auto i = static_cast<std::size_t>(attempts++);
                          return answers[std::min(i, answers.size() - 1)];
                        }}},
         .piece_bytes = 3},
        &loop);
    model = std::make_shared<mcp::providers::retrying_model>(std::move(provider), policy, loop, 7);
  }
  std::shared_ptr<mcp::chat_call> start() {
    return model->start({.messages = {mcp::user_message("go")}},
                        {.on_delta =
                             [this](const chat_delta& d) {
                               if (d.what == chat_delta::kind::restart) heard += "|";
                               heard += d.text;
                             },
                         .on_end = [this](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  }
};

}  // namespace

TEST_CASE("Attempts are made after growing times, part of which is random") {
  const mcp::model_retry policy{.max_attempts = 6, .initial_interval = 1s, .max_interval = 4s};
  retry_schedule one{policy, 1};
  retry_schedule same{policy, 1};
  retry_schedule other{policy, 2};
  bool differs = false;
  for (const auto full : {1s, 2s, 4s, 4s, 4s}) {
    const auto delay = one.next(passing());
    REQUIRE(delay);
    CHECK(*delay >= full / 2.0);
    CHECK(*delay <= full);
    CHECK(same.next(passing()) == delay);
    differs = other.next(passing()) != delay || differs;
  }
  CHECK(differs);
  CHECK_FALSE(one.next(passing()));
  CHECK(one.attempts_made() == 6);
}

TEST_CASE("A provider that names a time is not asked before it") {
  const mcp::model_retry policy{.initial_interval = 100ms, .max_retry_after = 60s};
  auto failure = passing(errc::rate_limited);
  failure.retry_after = 30s;
  const auto delay = retry_schedule{policy, 3}.next(failure);
  REQUIRE(delay);
  CHECK(*delay >= 30s);
  CHECK(*delay <= 33s);
  failure.retry_after = 61s;
  CHECK_FALSE(retry_schedule{policy, 3}.next(failure));
}

TEST_CASE("A failure that will not pass is not repeated") {
  for (const auto code : {errc::model_rejected, errc::unauthorized, errc::quota_exhausted}) {
    fixture f{{fails({.error = mcp::error{code, "no"}, .passing = false})}};
    f.start();
    f.loop.run();
    CHECK(f.attempts == 1);
    REQUIRE(f.ends.size() == 1);
    CHECK(f.ends[0].failure->error == mcp::error{code, "no"});
  }
}

TEST_CASE("A passing failure is repeated until it succeeds, and void text is called back") {
  fixture f{{fails(passing(), "half an ans"), fails(passing()), {.text = "answer"}}};
  f.start();
  f.loop.run();
  CHECK(f.attempts == 3);
  REQUIRE(f.ends.size() == 1);
  REQUIRE(f.ends[0].answer);
  CHECK(f.heard == "half an ans|answer");
}

TEST_CASE("When all attempts fail the last failure says how many there were") {
  fixture f{{fails(passing())}, {.max_attempts = 3}};
  f.start();
  f.loop.run();
  CHECK(f.attempts == 3);
  REQUIRE(f.ends.size() == 1);
  CHECK(f.ends[0].failure->error.code() == errc::server_failed);
  CHECK_THAT(f.ends[0].failure->error.message(), Catch::Contains("after 3 attempts"));
}

TEST_CASE("Cancel ends a repeated call at every moment, once") {
  // Attempt, failure, backoff, attempt, failure, backoff, attempt, answer.
  for (std::size_t steps = 0; steps <= 6; ++steps) {
    fixture f{{fails(passing(), "x"), fails(passing()), {.text = "ok", .delay = 1s}}};
    const auto call = f.start();
    for (std::size_t i = 0; i < steps; ++i) f.loop.run_one();
    const auto attempts = f.attempts;
    const bool over = !f.ends.empty();
    call->cancel();
    call->cancel();
    f.loop.run();
    INFO("cancelled after " << steps << " tasks");
    REQUIRE(f.ends.size() == 1);
    CHECK(f.attempts == attempts);
    CHECK(over == (steps >= 5));
    if (!over) CHECK(f.ends[0].failure->error.code() == errc::cancelled);
  }
}

TEST_CASE("Cancel while an attempt is being started stops that attempt") {
  virtual_loop loop;
  std::shared_ptr<mcp::chat_call> call;
  int attempts = 0;
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answer =
                      [&](const auto&) {
                        if (++attempts == 1) return fails(passing());
                        call->cancel();
                        return scripted_answer{.text = "too late", .delay = 1s};
                      }}}},
      &loop);
  mcp::providers::retrying_model model{provider, {}, loop, 1};
  std::vector<mcp::chat_outcome> ends;
  call = model.start({.messages = {mcp::user_message("go")}},
                     {.on_end = [&](mcp::chat_outcome o) { ends.push_back(std::move(o)); }});
  loop.run();
  CHECK(attempts == 2);
  REQUIRE(ends.size() == 1);
  REQUIRE(ends[0].failure);
  CHECK(ends[0].failure->error.code() == errc::cancelled);
}

TEST_CASE("Nonsensical retry policies are refused") {
  virtual_loop loop;
  const auto provider =
      mcp::providers::make_scripted_model({.rules = {{.answers = {{.text = "x"}}}}}, &loop);
  for (const auto& policy :
       {mcp::model_retry{.max_attempts = 0}, mcp::model_retry{.max_attempts = 101},
        mcp::model_retry{.backoff_factor = 0.5}, mcp::model_retry{.initial_interval = -1ms}}) {
    CHECK_THROWS_AS(mcp::providers::retrying_model(provider, policy, loop, 1), mcp::error);
  }
}

TEST_CASE("A rejected call makes its limiter pause and is repeated in a turn of its own") {
  virtual_loop loop;
  std::vector<std::chrono::milliseconds> times;
  auto limited = passing(errc::rate_limited);
  limited.retry_after = 20s;
  const auto provider = mcp::providers::make_scripted_model(
      {.rules = {{.answer =
                      [&](const auto&) {
                        times.push_back(loop.elapsed());
                        return times.size() == 1 ? scripted_answer{.failure = limited}
                                                 : scripted_answer{.text = "ok"};
                      }}}},
      &loop);
  const auto limiter = std::make_shared<mcp::providers::shared_limiter>(
      "test", mcp::rate_limit{.requests_per_minute = 600}, loop);
  mcp::providers::retrying_model model{
      std::make_shared<mcp::providers::limited_model>(provider, limiter), {}, loop, 5};
  int answers = 0;
  for (int i = 0; i < 3; ++i) {
    model.start({.messages = {mcp::user_message("go")}, .tag = {.run = std::to_string(i)}},
                {.on_end = [&](mcp::chat_outcome o) { answers += o.answer ? 1 : 0; }});
  }
  loop.run();
  CHECK(answers == 3);
  REQUIRE(times.size() == 4);
  CHECK(times[0] == 0ms);
  // What was in flight before the rejection is not stopped; nothing starts during the pause.
  CHECK(std::none_of(times.begin(), times.end(), [](auto t) { return t > 1s && t < 20s; }));
  CHECK(times[3] >= 20s);
}
