// Executors of several processes on one database. What tells processes apart is their store.
#include "actors/scenario.hpp"
#include "postgres/database.hpp"
#include "support/code_of.hpp"

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

namespace mcp::test {
namespace {

using namespace std::chrono_literals;

graph<notes> trip() {
  return graph<notes>("trip")
      .node("a", logs("a"))
      .node("b", logs("b"))
      .entry_point("a")
      .edge("a", "b");
}

/// The same, but nobody ever comes back from b.
class dead_end {
 public:
  explicit dead_end(std::size_t wanted = 1) : wanted_(wanted) {}

  graph<notes> trip() {
    const auto stuck = [this](const notes&, reply<notes> answer) {
      const std::lock_guard lock{mutex_};
      kept_.push_back(std::move(answer));
      if (kept_.size() == wanted_) all_in_.open();
    };
    return graph<notes>("trip")
        .node("a", logs("a"))
        .node("b", stuck, {.concurrency = 1'000})
        .entry_point("a")
        .edge("a", "b");
  }
  void wait() { all_in_.wait(); }

 private:
  std::size_t wanted_;
  std::mutex mutex_;
  std::vector<reply<notes>> kept_;
  door all_in_;
};

std::shared_ptr<checkpoint_store> server(const std::string& schema, const std::string& name) {
  return postgres_checkpoint_store(database::shared().target(),
                                   {.schema = schema, .server = name, .lease = 300ms});
}

/// The first run that an executor recovers later.
struct newcomer {
  std::promise<run_handle_base> found{};
  std::atomic<bool> told{false};

  auto hear() {
    return [this](const run_handle_base& run) {
      if (!told.exchange(true)) found.set_value(run);
    };
  }
  run_handle<notes> wait() { return run_handle<notes>{found.get_future().get()}; }
};

}  // namespace

TEST_CASE("The runs of a server that was taken for dead go on elsewhere, and end there") {
  const auto schema = database::new_schema();
  dead_end end;
  newcomer came;
  executor<notes> there{trip(), {.store = server(schema, "there"), .on_recovered = came.hear()}};
  executor<notes> here{end.trip(), {.store = server(schema, "here")}};
  const auto run = here.start({}, {.thread_id = "t"});
  end.wait();
  database::shared().run("DELETE FROM " + schema + ".servers WHERE name = 'here'");

  const auto goes_on = came.wait();
  CHECK(goes_on.thread_id() == "t");
  CHECK(goes_on.run_id() == run.run_id());
  const auto lost = run.join();
  REQUIRE(lost.info.error);
  CHECK(lost.info.error->code() == errc::lease_lost);
  const auto ended = goes_on.join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
  CHECK(there.state("t").values.log == words{"a", "b"});
  CHECK(test::code_of([&] { static_cast<void>(here.start({}, {.thread_id = "u"})); }) ==
        errc::lease_lost);
}

TEST_CASE("The runs of a server that ends go on elsewhere at once") {
  const auto schema = database::new_schema();
  newcomer came;
  executor<notes> there{trip(), {.store = server(schema, "there"), .on_recovered = came.hear()}};
  {
    dead_end end;
    executor<notes> here{end.trip(), {.store = server(schema, "here")}};
    static_cast<void>(here.start({}, {.thread_id = "t"}));
    end.wait();
    CHECK_FALSE(came.told);
  }
  const auto ended = came.wait().join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
}

TEST_CASE("Runs that are handed over go on at another server, though the first one lives on") {
  const auto schema = database::new_schema();
  newcomer came;
  executor<notes> there{trip(), {.store = server(schema, "there"), .on_recovered = came.hear()}};
  dead_end end;
  executor<notes> here{end.trip(), {.store = server(schema, "here")}};
  const auto run = here.start({}, {.thread_id = "t"});
  end.wait();
  here.base().hand_over(true);
  const auto left = run.join();
  REQUIRE(left.info.error);
  CHECK(left.info.error->code() == errc::shutting_down);
  const auto ended = came.wait().join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
}

TEST_CASE("Of several servers each run that was left behind is taken by one") {
  constexpr std::size_t runs = 40;
  const auto schema = database::new_schema();
  {
    dead_end end{runs};
    executor<notes> first{end.trip(), {.store = server(schema, "first")}};
    for (std::size_t i = 0; i < runs; ++i) {
      static_cast<void>(first.start({}, {.thread_id = "t" + std::to_string(i)}));
    }
    end.wait();
  }
  std::vector<std::unique_ptr<executor<notes>>> others;
  std::map<std::string, int> taken;
  std::mutex mutex;
  const auto count = [&](const run_handle_base& run) {
    const std::lock_guard lock{mutex};
    ++taken[run.thread_id()];
  };
  for (const auto* name : {"a", "b", "c"}) {
    others.push_back(std::make_unique<executor<notes>>(
        trip(), executor_options{.store = server(schema, name), .on_recovered = count}));
    for (const auto& run : others.back()->recovered()) count(run);
  }
  for (std::size_t i = 0; i < runs; ++i) {
    const auto thread = "t" + std::to_string(i);
    while (others.front()->state(thread).status != run_status::done) std::this_thread::yield();
    CHECK(others.front()->state(thread).values.log == words{"a", "b"});
  }
  const std::lock_guard lock{mutex};
  for (const auto& [thread, times] : taken) CHECK(times == 1);
}

}  // namespace mcp::test
