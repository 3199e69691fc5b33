#include "store/conformance.hpp"
#include "support/catch.hpp"

#include <thread>

namespace mcp::test {
namespace {

std::vector<std::string> names(const std::vector<run_record>& runs) {
  std::vector<std::string> result;
  for (const auto& one : runs) result.push_back(one.run_id);
  return result;
}

using list = std::vector<std::string>;

}  // namespace

void check_runs(const store_factory& factory) {
  SECTION("A run comes back with all its members, and a second put replaces it") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    auto op = run("r", "t", run_status::running, "graph");
    op.run.error = "none yet";
    put(store, op);
    CHECK(store.run("r") == op.run);
    op.run.body = std::string("\0\xFF", 2);
    op.run.status = run_status::failed;
    op.run.updated = at(5000);
    put(store, op);
    CHECK(store.run("r") == op.run);
    CHECK(store.runs({}).size() == 1);
  }
  SECTION("A status changes only the run it names; unknown runs are ignored") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("r", "t"));
    put(store, run("s", "t"));
    put(store, set_run_status{"r", run_status::failed, "why", at(3000)});
    put(store, set_run_status{"unknown", run_status::done, {}, at(3000)});
    auto expected = run("r", "t").run;
    expected.status = run_status::failed;
    expected.error = "why";
    expected.updated = at(3000);
    CHECK(store.run("r") == expected);
    CHECK(store.run("s") == run("s", "t").run);
    CHECK_FALSE(store.run("unknown").has_value());
  }
  SECTION("Runs are listed oldest first, by thread, graph and status") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("d", "t1", run_status::accepted, "g1"));
    put(store, run("c", "t2", run_status::running, "g1"));
    put(store, run("b", "t1", run_status::done, "g2"));
    put(store, run("a", "t1", run_status::interrupted, "g1"));
    put(store, set_run_status{"d", run_status::cancelled, {}, at(9000)});
    CHECK(names(store.runs({})) == list{"d", "c", "b", "a"});
    CHECK(names(store.runs({.limit = 2})) == list{"d", "c"});
    CHECK(names(store.runs({.thread_id = "t1"})) == list{"d", "b", "a"});
    CHECK(names(store.runs({.graph = "g1"})) == list{"d", "c", "a"});
    CHECK(names(store.runs({.thread_id = "t1", .graph = "g1", .limit = 1})) == list{"d"});
    const std::vector unfinished{run_status::accepted, run_status::running,
                                 run_status::interrupted};
    CHECK(names(store.runs({.statuses = unfinished})) == list{"c", "a"});
    CHECK(names(store.runs({.graph = "g1", .statuses = unfinished, .limit = 1})) == list{"c"});
    CHECK(names(store.runs({.statuses = {run_status::done, run_status::running}})) ==
          list{"c", "b"});
    CHECK(names(store.runs({.thread_id = "t1", .statuses = {run_status::done}})) == list{"b"});
    CHECK(store.runs({.thread_id = "t3"}).empty());
    CHECK(store.runs({.limit = 0}).empty());
  }
  SECTION("Checkpoints that name a run which is not stored do not make it one") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 1);
    CHECK(store.runs({}).empty());
    CHECK_FALSE(store.run("run-of-t").has_value());
    put(store, run("run-of-t", "t"));
    CHECK(names(store.runs({})) == list{"run-of-t"});
    put_chain(store, "t", 2, 2, 1);
    CHECK(store.load("t", "")->info.run_id == "run-of-t");
  }
  SECTION("A run cannot move to another thread") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("r", "t"));
    CHECK(code_of([&] { put(store, run("r", "u")); }) == errc::invalid_argument);
    CHECK(store.run("r")->thread_id == "t");
    CHECK(store.threads(10).size() == 1);
  }
  SECTION("The last run of a thread is the one that was accepted last") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    CHECK_FALSE(store.last_run("t").has_value());
    put(store, run("first", "t"));
    put(store, run("second", "t"));
    put(store, run("other", "u"));
    put(store, run("first", "t"));
    CHECK(store.last_run("t")->run_id == "second");
    CHECK(store.last_run("t")->thread_id == "t");
  }
  SECTION("The body of one checkpoint is read without its past") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 3, 0);
    CHECK(store.body("t", "", {2}) == store.load("t", "", checkpoint_id{2})->bodies.back());
    CHECK_FALSE(store.body("t", "", {9}).has_value());
    CHECK_FALSE(store.body("u", "", {2}).has_value());
    CHECK_FALSE(store.body("t", "a:b", {2}).has_value());
  }
  SECTION("A claimed thread is taken until it is released") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    CHECK(store.claim("r"));
    CHECK_FALSE(store.claim("r"));
    CHECK(store.claim("s"));
    store.release("r");
    store.release("never claimed");
    CHECK(store.claim("r"));
  }
  SECTION("Runs of threads that are claimed can be left out") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    for (const auto* name : {"a", "b", "c", "d"}) put(store, run(name, std::string{"of "} + name));
    CHECK(store.claim("of a"));
    CHECK(store.claim("of c"));
    CHECK(names(store.runs({.unclaimed = true})) == list{"b", "d"});
    CHECK(names(store.runs({.unclaimed = true, .limit = 1})) == list{"b"});
    CHECK(names(store.runs({.thread_id = "of a", .unclaimed = true})).empty());
    CHECK(store.runs({}).size() == 4);
  }
}

void check_batches(const store_factory& factory) {
  SECTION("A batch is applied in order, each operation on top of the ones before") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    const std::vector<store_write> batch{run("r", "t"),
                                         checkpoint("t", 1, 0),
                                         checkpoint("t", 2, 1),
                                         journal("t", 2, journal_kind::task, "k", "old"),
                                         journal("t", 2, journal_kind::task, "k", "new"),
                                         snapshot("t", 3, 2, {1, 2, 3}),
                                         set_run_status{"r", run_status::done, {}, at(2000)}};
    store.write(batch);
    CHECK(store.run("r")->status == run_status::done);
    CHECK(list_at(store, "t", 3) == std::vector{1, 2, 3});
    CHECK(store.load("t", "", checkpoint_id{2})->journal ==
          std::vector<journal_entry>{{journal_kind::task, "k", "new"}});
  }
  SECTION("A batch with an operation that fails leaves nothing, wherever that one stands") {
    const std::vector<store_write> good{
        run("new run", "new thread"),
        checkpoint("new thread", 1, 0),
        checkpoint("new thread", 2, 1, ""),
        checkpoint("t", 9, 3),
        checkpoint("t", 4, 0, "fresh:ns"),
        journal("t", 3, journal_kind::task, "k", "replaced"),
        journal("t", 3, journal_kind::task, "k2", "added"),
        run("r", "t", run_status::done),
        set_run_status{"r", run_status::cancelled, "error", at(8000)},
    };
    const std::vector<std::pair<store_write, errc>> bad{
        {checkpoint("t", 3, 2), errc::invalid_argument},
        {checkpoint("t", 50, 49), errc::unknown_checkpoint},
        {journal("t", 49, journal_kind::task, "k"), errc::unknown_checkpoint},
        {run("r", "other thread"), errc::invalid_argument}};
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("r", "t"));
    put_chain(store, "t", 1, 3);
    put(store, journal("t", 3, journal_kind::task, "k", "kept"));
    const auto before = dump(store);
    for (std::size_t i = 0; i <= good.size(); ++i) {
      for (const auto& [wrong, code] : bad) {
        auto batch = good;
        batch.insert(batch.begin() + static_cast<std::ptrdiff_t>(i), wrong);
        REQUIRE(code_of([&] { store.write(batch); }) == code);
        REQUIRE(dump(store) == before);
      }
    }
    store.write(good);
    CHECK(dump(store) != before);
    CHECK(list_at(store, "new thread", 2) == std::vector{1, 2});
  }
}

void check_concurrency(const store_factory& factory) {
  SECTION("Several threads write and read at the same time and see whole batches") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    constexpr int writers = 3;
    constexpr std::uint64_t steps = 60;
    std::vector<std::thread> threads;
    std::vector<int> torn(writers, 0);
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        const auto thread = "t" + std::to_string(w);
        for (std::uint64_t id = 1; id <= steps; ++id) {
          const std::vector<store_write> batch{
              checkpoint(thread, id, id - 1), journal(thread, id, journal_kind::task, "k"),
              run(thread + "-" + std::to_string(id), thread, run_status::done)};
          store.write(batch);
          const auto other = "t" + std::to_string((w + 1) % writers);
          const auto head = store.load(other, "");
          if (head && head->journal.size() != 1) ++torn[static_cast<std::size_t>(w)];
          if (head && head->bodies.size() != head->info.id.value) {
            ++torn[static_cast<std::size_t>(w)];
          }
          (void)store.history(other, "", {.limit = 5});
          (void)store.runs({.thread_id = other});
          (void)store.threads(5);
          (void)store.claim(thread);
          store.release(thread);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(torn == std::vector<int>(writers, 0));
    CHECK(store.runs({}).size() == writers * steps);
    for (int w = 0; w < writers; ++w) {
      CHECK(list_at(store, "t" + std::to_string(w), steps).size() == steps);
    }
  }
}

}  // namespace mcp::test
