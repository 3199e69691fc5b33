#include "store/conformance.hpp"
#include "support/catch.hpp"

namespace mcp::test {
namespace {

using id_list = std::vector<std::uint64_t>;

id_list all(checkpoint_store& store, const std::string& thread, const std::string& ns = {}) {
  return ids(store.history(thread, ns, {}));
}

std::vector<std::string> thread_names(checkpoint_store& store, std::size_t limit = 100) {
  std::vector<std::string> result;
  for (const auto& one : store.threads(limit)) result.push_back(one.thread_id);
  return result;
}

void check_copy(const store_factory& factory) {
  SECTION("A copy has the checkpoints and the journal, not the runs, and lives on its own") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("run-of-t", "t"));
    put_chain(store, "t", 1, 4);
    put_chain(store, "t", 10, 11, 2);
    put(store, snapshot("t", 12, 11, {7}));
    put_chain(store, "t", 3, 5, 0, "n:t");
    put(store, journal("t", 4, journal_kind::task, "k", "old"));
    put(store, journal("t", 4, journal_kind::effect, "k", "e"));
    put(store, journal("t", 4, journal_kind::task, "k", "new"));
    store.copy_thread("t", "copy");
    CHECK(store.namespaces("copy") == store.namespaces("t"));
    for (const std::string ns : {"", "n:t"}) {
      const auto infos = store.history("t", ns, {});
      CHECK(store.history("copy", ns, {}) == infos);
      for (const auto& info : infos) {
        const auto a = store.load("t", ns, info.id);
        const auto b = store.load("copy", ns, info.id);
        CHECK(a->bodies == b->bodies);
        CHECK(a->snapshot == b->snapshot);
        CHECK(a->journal == b->journal);
      }
    }
    CHECK(store.runs({}).size() == 1);
    CHECK(store.runs({.thread_id = "copy"}).empty());
    CHECK(store.delete_thread("t"));
    CHECK(list_at(store, "copy", 4) == std::vector{1, 2, 3, 4});
    put_chain(store, "copy", 13, 13, 12);
    CHECK(list_at(store, "copy", 13) == std::vector{7, 13});
    CHECK(store.load("copy", "")->info.run_id == "run-of-copy");
    CHECK(store.load("copy", "", checkpoint_id{4})->info.run_id == "run-of-t");
  }
  SECTION("Copying from an unknown thread or onto a known one is refused") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 1);
    put_chain(store, "u", 1, 1);
    CHECK(code_of([&] { store.copy_thread("x", "y"); }) == errc::unknown_thread);
    CHECK(code_of([&] { store.copy_thread("t", "u"); }) == errc::invalid_argument);
    CHECK(code_of([&] { store.copy_thread("t", "t"); }) == errc::invalid_argument);
    CHECK(thread_names(store).size() == 2);
  }
}

void check_sweep(const store_factory& factory) {
  SECTION("A sweep removes threads whose time is over, unless a run of theirs is not") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    const std::vector<std::pair<std::string, run_status>> threads{
        {"accepted", run_status::accepted},       {"running", run_status::running},
        {"interrupted", run_status::interrupted}, {"done", run_status::done},
        {"failed", run_status::failed},           {"cancelled", run_status::cancelled}};
    for (const auto& [name, status] : threads) {
      put(store, run("r-" + name, name, status));
      put_chain(store, name, 1, 2);
      store.expire_thread(name, at(5000));
    }
    put_chain(store, "for ever", 1, 1);
    put_chain(store, "cleared", 1, 1);
    store.expire_thread("cleared", at(1));
    store.expire_thread("cleared", std::nullopt);
    CHECK(store.sweep({.now = at(4999)}).empty());
    CHECK(store.sweep({.now = at(5000)}).size() == 3);
    CHECK(store.sweep({.now = at(5000)}).empty());
    CHECK_FALSE(store.load("done", "").has_value());
    CHECK_FALSE(store.run("r-done").has_value());
    CHECK(store.load("interrupted", "").has_value());
    put(store, set_run_status{"r-interrupted", run_status::done, {}, at(6000)});
    CHECK(store.sweep({.now = at(6000)}) == std::vector<std::string>{"interrupted"});
    CHECK(store.threads(10).size() == 4);
  }
  SECTION("A sweep removes threads of a graph that were not written for long") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    const auto add = [&](const std::string& name, run_status status, const std::string& graph,
                         std::uint64_t last) {
      put(store, run("r-" + name, name, status, graph));  // at 1000
      put_chain(store, name, 1, last);                    // a checkpoint n at 10 n
    };
    add("old", run_status::done, "g", 1);
    add("written since", run_status::done, "g", 300);
    add("waits", run_status::interrupted, "g", 1);
    add("goes on", run_status::running, "g", 1);
    add("of another graph", run_status::done, "h", 1);
    add("of both", run_status::done, "g", 1);
    put(store, run("r-of-h", "of both", run_status::done, "h"));
    add("has a time", run_status::failed, "g", 1);
    store.expire_thread("has a time", at(9000));
    put_chain(store, "without a run", 1, 1);
    CHECK(store.sweep({.now = at(8000)}).empty());
    CHECK(store.sweep({.now = at(8000), .idle_since = at(2000)}).empty());
    CHECK(store.sweep({.now = at(8000), .graph = "g"}).empty());
    CHECK(store.sweep({.now = at(8000), .graph = "g", .idle_since = at(999)}).empty());
    const sweep_query query{.now = at(8000), .graph = "g", .idle_since = at(2000)};
    CHECK(store.sweep(query) == std::vector<std::string>{"old"});
    CHECK_FALSE(store.run("r-old").has_value());
    CHECK(store.threads(100).size() == 7);
    put(store, set_run_status{"r-waits", run_status::cancelled, {}, at(3000)});
    CHECK(store.sweep(query).empty());
    CHECK(store.sweep({.now = at(9000), .graph = "g", .idle_since = at(3000)}).size() == 3);
    CHECK_FALSE(store.load("has a time", "").has_value());
  }
  SECTION("A sweep leaves threads that are claimed, and removes no more than it is told") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    for (const std::string name : {"a", "b", "c", "d"}) {
      put_chain(store, name, 1, 2);
      store.expire_thread(name, at(10));
    }
    REQUIRE(store.claim("a"));
    CHECK(store.sweep({.now = at(20), .limit = 0}).empty());
    while (!store.sweep({.now = at(20), .limit = 4}).empty()) {
    }
    CHECK(thread_names(store) == std::vector<std::string>{"a"});
    store.release("a");
    for (const std::string name : {"b", "c", "d"}) {
      put_chain(store, name, 1, 2);
      store.expire_thread(name, at(10));
    }
    CHECK(store.sweep({.now = at(20), .limit = 3}).size() == 3);
    CHECK(store.sweep({.now = at(20), .limit = 3}).size() == 1);
    CHECK(store.claim("b"));  // a sweep gives back what it took
    store.release("b");
  }
  SECTION("The time of a thread is listed and an unknown thread has none") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 1);
    store.expire_thread("t", at(77));
    CHECK(store.threads(1).front().expires == at(77));
    CHECK(code_of([&] { store.expire_thread("u", at(1)); }) == errc::unknown_thread);
  }
}

}  // namespace

void check_upkeep(const store_factory& factory) {
  SECTION("Threads are listed least recently updated first") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "b", 1, 3);
    put_chain(store, "a", 5, 5);
    put_chain(store, "c", 1, 1);
    put(store, run("r", "d"));
    put_chain(store, "c", 4, 4, 0, "n:t");
    CHECK(thread_names(store) == std::vector<std::string>{"b", "c", "a", "d"});
    CHECK(thread_names(store, 2) == std::vector<std::string>{"b", "c"});
    CHECK(store.threads(0).empty());
    CHECK(store.threads(1).front() == thread_info{"b", at(10), at(30), std::nullopt});
  }
  SECTION("A deleted thread is gone with its runs, and its name can be used again") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put(store, run("r", "t"));
    put_chain(store, "t", 5, 9);
    put_chain(store, "t", 6, 6, 0, "n:t");
    put(store, journal("t", 9, journal_kind::effect, "k"));
    put_chain(store, "u", 5, 5);
    CHECK(store.delete_thread("t"));
    CHECK_FALSE(store.delete_thread("t"));
    CHECK_FALSE(store.load("t", "").has_value());
    CHECK_FALSE(store.run("r").has_value());
    CHECK(store.namespaces("t").empty());
    CHECK(thread_names(store) == std::vector<std::string>{"u"});
    put_chain(store, "t", 1, 2);
    CHECK(list_at(store, "t", 2) == std::vector{1, 2});
    CHECK(store.load("t", "")->journal.empty());
  }
  check_copy(factory);
  check_sweep(factory);
}

void check_prune(const store_factory& factory) {
  SECTION("Pruning keeps the last checkpoints with their state, and writing goes on") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 8);
    put(store, journal("t", 3, journal_kind::task, "k", "1"));
    put(store, journal("t", 3, journal_kind::task, "k", "2"));
    put(store, journal("t", 8, journal_kind::task, "k"));
    const auto report = store.prune("t", 3);
    CHECK(report.checkpoints == 5);
    CHECK(report.journal_entries == 1);
    CHECK(all(store, "t") == id_list{8, 7, 6});
    CHECK(list_at(store, "t", 6) == std::vector{1, 2, 3, 4, 5, 6});
    CHECK(list_at(store, "t", 8) == std::vector{1, 2, 3, 4, 5, 6, 7, 8});
    const auto oldest = store.load("t", "", checkpoint_id{6});
    CHECK_FALSE(oldest->info.parent);
    CHECK(oldest->info.base == checkpoint_id{6});
    CHECK(oldest->bodies == std::vector{checkpoint("t", 6, 5).body});
    CHECK(store.load("t", "")->journal.size() == 1);
    // A writer that still believes in the old base is corrected.
    put_chain(store, "t", 9, 10, 8);
    CHECK(store.load("t", "")->info.base == checkpoint_id{6});
    CHECK(list_at(store, "t", 10).size() == 10);
    CHECK(store.prune("t", 100).checkpoints == 0);
    CHECK(store.prune("t", 1).checkpoints == 4);
    CHECK(list_at(store, "t", 10).size() == 10);
  }
  SECTION("Pruning keeps snapshots that are still the nearest") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 3);
    put(store, snapshot("t", 4, 3, {1, 2, 3, 4}));
    put_chain(store, "t", 5, 6, 4);
    put(store, snapshot("t", 7, 6, {1, 2, 3, 4, 5, 6, 7}));
    put_chain(store, "t", 8, 8, 7);
    CHECK(store.prune("t", 4).checkpoints == 4);
    CHECK(store.load("t", "", checkpoint_id{6})->info.base == checkpoint_id{5});
    CHECK(store.load("t", "", checkpoint_id{8})->info.base == checkpoint_id{7});
    CHECK(list_at(store, "t", 6) == std::vector{1, 2, 3, 4, 5, 6});
    CHECK(list_at(store, "t", 8).size() == 8);
  }
  SECTION("Pruning keeps the last checkpoints of every branch") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 5);
    put_chain(store, "t", 10, 14, 3);
    put_chain(store, "t", 20, 20, 12);
    CHECK(store.prune("t", 2).checkpoints == 5);
    CHECK(all(store, "t") == id_list{20, 14, 13, 12, 5, 4});
    CHECK(list_at(store, "t", 5) == std::vector{1, 2, 3, 4, 5});
    CHECK(list_at(store, "t", 14) == std::vector{1, 2, 3, 10, 11, 12, 13, 14});
    CHECK(list_at(store, "t", 20) == std::vector{1, 2, 3, 10, 11, 12, 20});
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{12}})) == id_list{5, 4});
  }
  SECTION("Pruning keeps a checkpoint with a pending interrupt until it is answered") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 6);
    put(store, journal("t", 2, journal_kind::interrupt, "q"));
    put(store, journal("t", 4, journal_kind::interrupt, "q"));
    put(store, journal("t", 4, journal_kind::answer, "q"));
    CHECK(store.prune("t", 1).checkpoints == 4);
    CHECK(all(store, "t") == id_list{6, 2});
    CHECK(list_at(store, "t", 2) == std::vector{1, 2});
    CHECK(store.load("t", "", checkpoint_id{2})->journal.size() == 1);
    put(store, journal("t", 2, journal_kind::answer, "q"));
    CHECK(store.prune("t", 1).checkpoints == 0);  // it is the end of a branch now
    CHECK(list_at(store, "t", 6).size() == 6);
  }
  SECTION("Pruning removes subgraph namespaces with their parent checkpoint") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    // 1 -> 10 -> 20 -> 30; each has a subgraph task that started after it.
    put(store, checkpoint("t", 1, 0));
    put_chain(store, "t", 2, 4, 0, "n:a");
    put_chain(store, "t", 3, 3, 0, "n:a|m:x");
    put(store, checkpoint("t", 10, 1));
    put_chain(store, "t", 11, 13, 0, "n:b");
    put(store, checkpoint("t", 20, 10));
    put_chain(store, "t", 21, 24, 0, "n:c");
    put_chain(store, "t", 22, 23, 0, "n:c|m:old");
    put_chain(store, "t", 24, 25, 0, "n:c|m:y");
    put_chain(store, "t", 2, 5, 0, "kept");
    put(store, checkpoint("t", 30, 20));
    const auto report = store.prune("t", 2);
    CHECK(all(store, "t") == id_list{30, 20});
    CHECK(store.namespaces("t") == std::vector<std::string>{"", "kept", "n:c", "n:c|m:y"});
    CHECK(all(store, "t", "n:c") == id_list{24, 23});
    CHECK(all(store, "t", "n:c|m:y") == id_list{25, 24});
    CHECK(all(store, "t", "kept") == id_list{5, 4});
    CHECK(list_at(store, "t", 24, "n:c") == std::vector{21, 22, 23, 24});
    CHECK(report.checkpoints == 2 + 3 + 1 + 3 + 2 + 2 + 2);
  }
  SECTION("Pruning keeps the whole path above a subgraph that waits for an answer") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put_chain(store, "t", 3, 4, 0, "n:a");
    put_chain(store, "t", 5, 5, 0, "n:a|m:x");
    put(store, journal("t", 5, journal_kind::interrupt, "q", "b", "n:a|m:x"));
    put_chain(store, "t", 6, 9, 2);
    store.prune("t", 1);
    CHECK(all(store, "t") == id_list{9, 2});
    CHECK(all(store, "t", "n:a") == id_list{4});
    CHECK(list_at(store, "t", 5, "n:a|m:x") == std::vector{5});
    CHECK(store.load("t", "n:a|m:x")->journal.size() == 1);
  }
  SECTION("Pruning an unknown thread removes nothing, and keeping nothing is refused") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 3);
    CHECK(store.prune("u", 1).checkpoints == 0);
    CHECK(code_of([&] { (void)store.prune("t", 0); }) == errc::invalid_argument);
    CHECK(all(store, "t").size() == 3);
  }
  SECTION("Pruning that cannot rebuild a state changes nothing") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    auto broken = checkpoint("t", 3, 2);
    broken.body = "not CBOR at all";
    put(store, broken);
    put_chain(store, "t", 4, 5, 3);
    put_chain(store, "t", 1, 5, 0, "fine");
    const auto before = dump(store);
    CHECK(code_of([&] { (void)store.prune("t", 1); }) == errc::corrupt_store);
    CHECK(dump(store) == before);
  }
}

}  // namespace mcp::test
