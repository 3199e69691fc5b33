#include "store/conformance.hpp"
#include "support/catch.hpp"

#include <array>
#include <limits>

namespace mcp::test {
namespace {

constexpr std::uint64_t nothing = 0;

void check_journal(const store_factory& factory) {
  SECTION("A journal keeps the order of the first writes and the last body of each key") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put(store, journal("t", 2, journal_kind::task, "a", "1"));
    put(store, journal("t", 2, journal_kind::effect, "a", "2"));
    put(store, journal("t", 2, journal_kind::interrupt, "q", "3"));
    put(store, journal("t", 2, journal_kind::task, "a", "4"));
    put(store, journal("t", 1, journal_kind::task, "a", "other checkpoint"));
    const std::vector<journal_entry> expected{{journal_kind::task, "a", "4"},
                                              {journal_kind::effect, "a", "2"},
                                              {journal_kind::interrupt, "q", "3"}};
    CHECK(store.load("t", "")->journal == expected);
    CHECK(store.load("t", "", checkpoint_id{1})->journal.size() == 1);
  }
  SECTION("A journal of hundreds of entries replaces the right ones") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 1);
    for (const std::string round : {"first", "second"}) {
      for (int i = 0; i < 300; ++i) {
        put(store, journal("t", 1, journal_kind::effect, std::to_string(i), round));
      }
    }
    const auto found = store.load("t", "")->journal;
    REQUIRE(found.size() == 300);
    for (int i = 0; i < 300; ++i) {
      const auto& entry = found[static_cast<std::size_t>(i)];
      CHECK(entry == journal_entry{journal_kind::effect, std::to_string(i), "second"});
    }
  }
  SECTION("A journal entry of an unknown checkpoint is refused") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 1);
    for (const auto& op :
         {journal("t", 2, journal_kind::task, "k"), journal("u", 1, journal_kind::task, "k"),
          journal("t", 1, journal_kind::task, "k", "b", "n:t"),
          journal("t", nothing, journal_kind::task, "k")}) {
      CHECK(code_of([&] { put(store, op); }) == errc::unknown_checkpoint);
    }
    CHECK(store.threads(10).size() == 1);
  }
}

void check_refusals(const store_factory& factory) {
  SECTION("Checkpoints that do not fit what is stored are refused and leave nothing") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 5, 6);
    const auto before = dump(store);
    auto no_snapshot = checkpoint("t", 9, 6);
    no_snapshot.info.base = {9};
    auto stray_snapshot = checkpoint("t", 9, 6);
    stray_snapshot.snapshot = cbor(nlohmann::json::object());
    const std::array refused{checkpoint("t", 6, 5), checkpoint("t", 5, 0),
                             checkpoint("t", 9, 9), checkpoint("t", 4, 0),
                             checkpoint("t", 0, 0), checkpoint("t", std::uint64_t{1} << 63U, 6),
                             no_snapshot,           stray_snapshot};
    for (const auto& op : refused) {
      INFO("checkpoint " << op.info.id.value << " after " << op.info.parent.value);
      CHECK(code_of([&] { put(store, op); }) == errc::invalid_argument);
    }
    for (const auto& op :
         {checkpoint("t", 9, 7), checkpoint("new", 2, 1), checkpoint("t", 9, 6, "n:t")}) {
      CHECK(code_of([&] { put(store, op); }) == errc::unknown_checkpoint);
    }
    CHECK(dump(store) == before);
    put_chain(store, "t", 9, 9, 6);
    CHECK(list_at(store, "t", 9) == std::vector{5, 6, 9});
  }
}

void check_reopening(const store_factory& factory) {
  SECTION("What was written is there after the store was opened again") {
    auto under_test = factory();
    if (!under_test.reopen) return;
    {
      auto& store = *under_test.store;
      put(store, run("r", "t"));
      put_chain(store, "t", 1, 4);
      put_chain(store, "t", 2, 3, 0, "n:t");
      put(store, snapshot("t", 5, 4, {1, 2, 3, 4, 5}));
      put(store, journal("t", 5, journal_kind::interrupt, "q"));
      put(store, set_run_status{"r", run_status::interrupted, {}, at(2000)});
    }
    const auto before = dump(*under_test.store);
    under_test.reopen(under_test);
    CHECK(dump(*under_test.store) == before);
    put_chain(*under_test.store, "t", 6, 7, 5);
    CHECK(list_at(*under_test.store, "t", 7) == std::vector{1, 2, 3, 4, 5, 6, 7});
  }
}

}  // namespace

void check_checkpoints(const store_factory& factory) {
  SECTION("An empty store knows nothing and says so without an error") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    CHECK_FALSE(store.load("t", "").has_value());
    CHECK_FALSE(store.load("t", "", checkpoint_id{1}).has_value());
    CHECK(store.history("t", "", {}).empty());
    CHECK(store.namespaces("t").empty());
    CHECK(store.threads(10).empty());
    CHECK(store.runs({}).empty());
    CHECK_FALSE(store.run("r").has_value());
    store.write({});
  }
  SECTION("A checkpoint comes back with all its members") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    auto op = checkpoint("thread \xC3\xA9", 0x19900000ABCDEU, 0, "node:task|inner:x");
    op.info.step = -1;
    op.info.source = checkpoint_source::update;
    op.info.run_id = "a run";
    op.info.created = at(-5);
    op.body = std::string("\0bytes\xFF", 7);
    put(store, op);
    const auto found = store.load(op.thread_id, op.info.ns);
    REQUIRE(found.has_value());
    CHECK(found->info == op.info);
    CHECK(found->bodies == std::vector{op.body});
    CHECK(found->snapshot.empty());
    CHECK(found->journal.empty());
  }
  SECTION("The head is the checkpoint written last, and any one can be loaded") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 5);
    CHECK(store.load("t", "")->info.id == checkpoint_id{5});
    CHECK(list_at(store, "t", 5) == std::vector{1, 2, 3, 4, 5});
    CHECK(list_at(store, "t", 2) == std::vector{1, 2});
    CHECK_FALSE(store.load("t", "", checkpoint_id{6}).has_value());
    CHECK_FALSE(store.load("t", "", checkpoint_id{}).has_value());
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
    CHECK_FALSE(store.load("t", "", checkpoint_id{huge}).has_value());
  }
  SECTION("Two children of one parent are two branches, both loadable") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 4);
    put_chain(store, "t", 10, 12, 2);
    put_chain(store, "t", 20, 21, 4);
    CHECK(list_at(store, "t", 12) == std::vector{1, 2, 10, 11, 12});
    CHECK(list_at(store, "t", 21) == std::vector{1, 2, 3, 4, 20, 21});
    CHECK(list_at(store, "t", 4) == std::vector{1, 2, 3, 4});
    CHECK(store.load("t", "")->info.id == checkpoint_id{21});
  }
  SECTION("A checkpoint is loaded from its nearest snapshot") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put(store, snapshot("t", 3, 2, {1, 2, 3}));
    put_chain(store, "t", 4, 5, 3);
    put_chain(store, "t", 10, 11, 2);
    const auto own = store.load("t", "", checkpoint_id{3});
    CHECK(own->bodies == std::vector{checkpoint("t", 3, 2).body});
    CHECK(own->snapshot == cbor({{"l", {1, 2, 3}}}));
    const auto after = store.load("t", "", checkpoint_id{5});
    CHECK(after->info.base == checkpoint_id{3});
    CHECK(after->snapshot == own->snapshot);
    CHECK(after->bodies.size() == 2);
    CHECK(list_at(store, "t", 5) == std::vector{1, 2, 3, 4, 5});
    const auto branch = store.load("t", "", checkpoint_id{11});
    CHECK_FALSE(branch->info.base);
    CHECK(list_at(store, "t", 11) == std::vector{1, 2, 10, 11});
  }
  SECTION("A thread may have several first checkpoints") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put_chain(store, "t", 5, 6);
    CHECK(list_at(store, "t", 2) == std::vector{1, 2});
    CHECK(list_at(store, "t", 6) == std::vector{5, 6});
    CHECK(ids(store.history("t", "", {})) == std::vector<std::uint64_t>{6, 5, 2, 1});
  }
  SECTION("Threads and namespaces do not see each other, also with equal ids") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put_chain(store, "t", 1, 3, 0, "b:2");
    put_chain(store, "t", 2, 2, 0, "a:1|c:3");
    put_chain(store, "u", 2, 4);
    CHECK(store.namespaces("t") == std::vector<std::string>{"", "a:1|c:3", "b:2"});
    CHECK(store.namespaces("u") == std::vector<std::string>{""});
    CHECK(list_at(store, "t", 2) == std::vector{1, 2});
    CHECK(list_at(store, "t", 2, "a:1|c:3") == std::vector{2});
    CHECK(list_at(store, "u", 4) == std::vector{2, 3, 4});
    CHECK_FALSE(store.load("t", "b").has_value());
  }
  check_journal(factory);
  check_refusals(factory);
  check_reopening(factory);
}

void check_history(const store_factory& factory) {
  SECTION("History is newest first and stops at the limit and before the given id") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 9);
    using list = std::vector<std::uint64_t>;
    CHECK(ids(store.history("t", "", {.limit = 3})) == list{9, 8, 7});
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{4}})) == list{3, 2, 1});
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{4}, .limit = 2})) == list{3, 2});
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{100}, .limit = 1})) == list{9});
    CHECK(store.history("t", "", {.before = checkpoint_id{1}}).empty());
    CHECK(store.history("t", "", {.before = checkpoint_id{}}).empty());
    CHECK(store.history("t", "", {.limit = 0}).empty());
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
    CHECK(store.history("t", "", {.before = checkpoint_id{huge}}).size() == 9);
    for (const auto& info : store.history("t", "", {})) {
      CHECK(info == checkpoint("t", info.id.value, info.parent.value).info);
    }
  }
  SECTION("A page may start before an id that is not stored") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    put_chain(store, "t", 1, 2);
    put_chain(store, "t", 10, 11, 2);
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{5}})) ==
          std::vector<std::uint64_t>{2, 1});
  }
  SECTION("History filters by source, step and run, alone and together") {
    const auto under_test = factory();
    auto& store = *under_test.store;
    std::uint64_t parent = 0;
    for (std::uint64_t id = 1; id <= 12; ++id) {
      auto op = checkpoint("t", id, parent);
      op.info.source = static_cast<checkpoint_source>(id % 4);
      op.info.step = static_cast<std::int64_t>(id % 3);
      op.info.run_id = id % 6 == 0 ? "" : id <= 6 ? "first" : "second";
      put(store, op);
      parent = id;
    }
    using list = std::vector<std::uint64_t>;
    CHECK(ids(store.history("t", "", {.source = checkpoint_source::fork})) == list{11, 7, 3});
    CHECK(ids(store.history("t", "", {.step = 1})) == list{10, 7, 4, 1});
    CHECK(ids(store.history("t", "", {.run_id = "first"})) == list{5, 4, 3, 2, 1});
    CHECK(ids(store.history("t", "", {.run_id = ""})) == list{12, 6});
    CHECK(store.history("t", "", {.run_id = "third"}).empty());
    CHECK(ids(store.history("t", "", {.before = checkpoint_id{10}, .step = 1, .limit = 2})) ==
          list{7, 4});
    CHECK(ids(store.history(
              "t", "",
              {.source = checkpoint_source::fork, .step = 1, .run_id = "second", .limit = 5})) ==
          list{7});
  }
}

}  // namespace mcp::test
