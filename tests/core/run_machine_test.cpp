// Every row of the table in core/run_machine.hpp.

#include "core/run_machine.hpp"

#include "mcp/mcp.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace mcp::core;

namespace {

struct counter {
  int count = 0;
  std::vector<std::string> log{};
};
MCP_STATE(counter, count, (log, mcp::append))

using phase = run_machine::phase;

/// A chain a -> b with retries and a timeout in b; the test plays the shell.
class stage final : public machine_ports {
 public:
  explicit stage(mcp::run_options options = {}, bool stored = true) {
    mcp::retry_policy twice{.max_attempts = 2, .initial_interval = 10ms};
    twice.jitter = false;
    const auto say = [](const char* what) {
      return [what](const counter&) { return mcp::update<counter>{}.append(&counter::log, what); };
    };
    plan = mcp::graph<counter>("chain")
               .node("a", say("a"))
               .node("b", say("b"), {.retry = twice, .timeout = mcp::timeout_policy{.run = 50ms}})
               .entry_point("a")
               .edge("a", "b")
               .compile()
               .plan();
    run_settings settings{.plan = plan, .run_id = "r", .thread_id = "t", .stored = stored};
    settings.options = std::move(options);
    machine = std::make_unique<run_machine>(std::move(settings), *this);
  }

  mcp::core::instant now() override { return time; }
  mcp::store_time wall() override { return mcp::store_time{1'700'000'000'000ms}; }
  std::uint64_t random() override { return 0; }
  std::optional<mcp::error> charge(std::int64_t steps, std::int64_t) override {
    if (steps <= steps_left) {
      steps_left -= steps;
      return std::nullopt;
    }
    return mcp::error{mcp::errc::budget_exceeded, "no steps left"};
  }
  mcp::run_usage usage() override { return {}; }

  [[nodiscard]] mcp::state_pointer fresh() const { return {*plan->state, plan->state->make()}; }
  template <class Event>
  machine_commands& on(Event&& event) {
    out.clear();
    event(*machine, out);
    return out;
  }
  machine_commands& begin() {
    return on([this](auto& m, auto& o) { m.begin(fresh(), {}, {}, o); });
  }
  machine_commands& durable() {
    return on([](auto& m, auto& o) { m.durable(o); });
  }
  machine_commands& tick(mcp::core::instant at) {
    time = at;
    return on([](auto& m, auto& o) { m.tick(o); });
  }
  machine_commands& cancel() {
    return on([](auto& m, auto& o) { m.cancel(mcp::error{mcp::errc::cancelled, "stop"}, o); });
  }
  /// The dispatched task returns what its node says.
  machine_commands& done(const task_pointer& one) {
    one->outcome.result = {
        .writes = mcp::update<counter>{}.append(&counter::log, plan->name_of(one->node)).take()};
    return on([&](auto& m, auto& o) { m.task_done(one, o); });
  }
  machine_commands& fail(const task_pointer& one) {
    one->outcome.what = task_outcome::kind::failed;
    one->outcome.failure.error = mcp::error{mcp::errc::node_failed, "bad"};
    return on([&](auto& m, auto& o) { m.task_done(one, o); });
  }
  task_pointer start() {
    begin();
    return durable().dispatch.at(0);
  }
  task_pointer second() { return done(start()).dispatch.at(0); }

  std::shared_ptr<const mcp::graph_plan> plan;
  std::unique_ptr<run_machine> machine;
  machine_commands out;
  mcp::core::instant time{1ms};
  std::int64_t steps_left = 1000;
};

mcp::run_options with(mcp::durability how) {
  mcp::run_options options;
  options.durability = how;
  return options;
}

}  // namespace

TEST_CASE("idle: begin holds a stored run and executes another one at once.") {
  stage stored;
  CHECK(stored.machine->at() == phase::idle);
  CHECK(stored.begin().hold);
  CHECK(stored.out.writes.size() == 1);
  CHECK(stored.out.dispatch.empty());
  CHECK(stored.machine->at() == phase::holding);
  stage bare({}, false);
  CHECK(bare.begin().dispatch.size() == 1);
  CHECK_FALSE(bare.out.hold);
  CHECK(bare.machine->at() == phase::executing);
}

TEST_CASE("idle: edit writes one checkpoint and finishes.") {
  stage on;
  on.on([&](auto& m, auto& o) { m.edit(on.fresh(), {}, {}, {}, on.plan->find("a"), {}, o); });
  CHECK(on.machine->at() == phase::finishing);
  CHECK(std::holds_alternative<mcp::put_checkpoint>(on.out.writes.at(0)));
}

TEST_CASE("idle: go_on dispatches what the stored agenda says.") {
  stage on;
  agenda next;
  next.triggered = {on.plan->find("b")};
  on.on([&](auto& m, auto& o) { m.go_on(on.fresh(), {.id = {5}, .step = 0}, next, {}, {}, o); });
  REQUIRE(on.out.dispatch.size() == 1);
  CHECK(on.plan->name_of(on.out.dispatch[0]->node) == "b");
  CHECK(on.machine->at() == phase::executing);
}

TEST_CASE("holding: durable dispatches the next superstep, and other events change nothing.") {
  stage on;
  on.begin();
  CHECK(on.tick(1h).dispatch.empty());
  CHECK(on.machine->at() == phase::holding);
  CHECK(on.durable().dispatch.size() == 1);
  CHECK(on.machine->at() == phase::executing);
}

TEST_CASE("executing: the last task applies the superstep, and sync durability holds after it.") {
  stage async(with(mcp::durability::async));
  CHECK(async.done(async.start()).dispatch.size() == 1);
  CHECK(async.out.writes.size() == 1);
  CHECK(async.machine->at() == phase::executing);
  stage sync(with(mcp::durability::sync));
  CHECK(sync.done(sync.start()).hold);
  CHECK(sync.out.dispatch.empty());
  CHECK(sync.machine->at() == phase::holding);
  stage at_exit(with(mcp::durability::exit));
  CHECK(at_exit.done(at_exit.start()).writes.empty());
  CHECK(at_exit.out.dispatch.size() == 1);
}

TEST_CASE("executing: the end of the graph finishes the run, once that is durable.") {
  stage on;
  on.done(on.second());
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.out.hold);
  CHECK_FALSE(on.out.finished);
  CHECK(on.durable().finished);
  CHECK(on.machine->at() == phase::finished);
  CHECK(on.machine->result().status == mcp::run_status::done);
  CHECK(on.machine->result().steps == 2);
  CHECK(on.machine->state().as<counter>().log == std::vector<std::string>{"a", "b"});
}

TEST_CASE("executing: a failed attempt waits for its retry, the last one fails the run.") {
  stage on;
  const auto task = on.second();
  CHECK(on.fail(task).wake == std::optional<instant>{11ms});
  CHECK(on.tick(10ms).dispatch.empty());
  REQUIRE(on.tick(11ms).dispatch.size() == 1);
  const auto again = on.out.dispatch[0];
  CHECK(again->attempt == 2);
  on.fail(again);
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.machine->result().status == mcp::run_status::failed);
  CHECK(on.machine->result().error->code() == mcp::errc::node_failed);
}

TEST_CASE("any: a defect abandons what runs and writes the status alone.") {
  stage on;
  const auto task = on.start();
  on.on([](auto& m, auto& o) { m.broken(mcp::error{mcp::errc::actor_died, "defect"}, o); });
  CHECK(task->cancelled.load());
  CHECK(on.out.abandon.size() == 1);
  REQUIRE(on.out.writes.size() == 1);
  const auto* status = std::get_if<mcp::set_run_status>(&on.out.writes[0]);
  REQUIRE(status != nullptr);
  CHECK(status->status == mcp::run_status::failed);
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.durable().finished);
  on.on([](auto& m, auto& o) { m.broken(mcp::error{mcp::errc::actor_died, "again"}, o); });
  CHECK(on.out.writes.empty());
}

TEST_CASE("executing: a timeout abandons the attempt, and its late result is dropped.") {
  stage on;
  const auto task = on.second();
  task->started.store(on.time.count());
  const auto& late = on.tick(on.time + 50ms);
  REQUIRE(late.abandon.size() == 1);
  CHECK(late.abandon[0] == task);
  CHECK(task->cancelled.load());
  CHECK(late.wake);
  on.done(task);
  CHECK(on.out.writes.empty());
  CHECK(on.machine->at() == phase::executing);
  CHECK(on.tick(on.time + 10ms).dispatch.at(0) != task);
}

TEST_CASE("executing: the deadline fails the run and abandons what runs.") {
  mcp::run_options options;
  options.deadline = 100ms;
  stage on(options);
  on.start();
  CHECK(on.tick(101ms).abandon.size() == 1);
  CHECK(on.machine->result().error->code() == mcp::errc::deadline_exceeded);
  CHECK(on.machine->at() == phase::finishing);
}

TEST_CASE("idle: a deadline that has passed fails the run before a node runs.") {
  mcp::run_options options;
  options.deadline = -1ms;
  stage on(options);
  on.begin();
  on.durable();
  CHECK(on.out.dispatch.empty());
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.machine->result().error->code() == mcp::errc::deadline_exceeded);
}

TEST_CASE("executing: drain stops at the end of the superstep, so that the run can be resumed.") {
  stage on;
  const auto task = on.start();
  on.machine->drain();
  CHECK(on.machine->at() == phase::executing);
  CHECK(on.done(task).dispatch.empty());
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.machine->result().status == mcp::run_status::interrupted);
}

TEST_CASE("executing: a lost task is a failed attempt, and an unknown one is nothing.") {
  stage on;
  const auto task = on.second();
  on.on([&](auto& m, auto& o) { m.task_lost(task, mcp::error{mcp::errc::actor_died, "d"}, o); });
  CHECK(on.out.wake);
  on.on([&](auto& m, auto& o) { m.task_lost(task, mcp::error{mcp::errc::actor_died, "d"}, o); });
  CHECK_FALSE(on.out.wake);
  CHECK(on.machine->at() == phase::executing);
}

TEST_CASE("any phase: cancel abandons what runs and finishes, once.") {
  stage on;
  on.start();
  CHECK(on.cancel().abandon.size() == 1);
  CHECK(on.machine->at() == phase::finishing);
  CHECK(on.machine->result().status == mcp::run_status::cancelled);
  CHECK(on.cancel().writes.empty());
  stage held;
  held.begin();
  held.cancel();
  CHECK(held.machine->at() == phase::finishing);
}

TEST_CASE("any phase: stop ends without a word to the store.") {
  stage on;
  on.start();
  on.on([](auto& m, auto& o) { m.stop(mcp::error{mcp::errc::store_failed, "full"}, o); });
  CHECK(on.out.writes.empty());
  CHECK(on.out.finished);
  CHECK(on.machine->at() == phase::finished);
}

TEST_CASE("finished: no event does anything.") {
  stage on({}, false);
  const auto first = on.begin().dispatch.at(0);
  const auto last = on.done(first).dispatch.at(0);
  CHECK(on.done(last).finished);
  const auto silent = [&] {
    CHECK(on.machine->at() == phase::finished);
    CHECK(on.out.writes.empty());
    CHECK(on.out.dispatch.empty());
    CHECK_FALSE(on.out.finished);
  };
  on.done(last), silent();
  on.tick(1h), silent();
  on.durable(), silent();
  on.cancel(), silent();
  on.on([](auto& m, auto& o) { m.stop(mcp::error{mcp::errc::store_failed, "x"}, o); }), silent();
}

TEST_CASE("A run of N supersteps needs a recursion limit of N + 1.") {
  for (const auto& [limit, status] :
       {std::pair{2, mcp::run_status::failed}, std::pair{3, mcp::run_status::done}}) {
    mcp::run_options options;
    options.recursion_limit = limit;
    stage on(options, false);
    on.done(on.done(on.begin().dispatch.at(0)).dispatch.at(0));
    CHECK(on.machine->result().status == status);
  }
}

TEST_CASE("A superstep that the budget does not allow fails the run.") {
  stage on({}, false);
  on.steps_left = 1;
  on.done(on.begin().dispatch.at(0));
  CHECK(on.machine->result().error->code() == mcp::errc::budget_exceeded);
}
