// What executors do with the runs that earlier ones left behind, and with a disk that is full.

#include "actors/scenario.hpp"
#include "core/checkpoint_codec.hpp"
#include "support/failing_store.hpp"

#include <set>

namespace mcp::test {
namespace {

/// Leaves a run of each of the threads in the store, stopped in the middle of its second node.
void leave_runs(const std::shared_ptr<checkpoint_store>& store, const words& threads,
                milliseconds deadline = {}) {
  // Outside the node: a reply owns its graph, so a node that owned replies would own itself.
  std::vector<reply<notes>> kept;
  door all_in;
  const auto stuck = [&, wanted = threads.size()](const notes&, reply<notes> answer) {
    kept.push_back(std::move(answer));
    if (kept.size() == wanted) all_in.open();
  };
  executor<notes> runs{graph<notes>("trip")
                           .node("a", logs("a"))
                           .node("b", stuck, {.concurrency = 1'000})
                           .entry_point("a")
                           .edge("a", "b"),
                       {.store = store}};
  for (const auto& thread : threads) {
    static_cast<void>(runs.start({}, {.thread_id = thread, .deadline = deadline}));
  }
  all_in.wait();
}

graph<notes> trip(std::atomic<int>& visits) {
  return graph<notes>("trip")
      .node("a", logs("a"))
      .node("b",
            [&visits](const notes&, context& ctx) {
              static_cast<void>(ctx.once("visit", [&] { return ++visits; }));
              return update<notes>{}.append(&notes::log, "b");
            })
      .entry_point("a")
      .edge("a", "b");
}

/// The store, of which some threads cannot be read.
class damaged_store final : public forwarding_store {
 public:
  damaged_store(std::shared_ptr<checkpoint_store> inner, std::set<std::string> threads)
      : forwarding_store(std::move(inner)), threads_(std::move(threads)) {}
  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    auto found = forwarding_store::load(thread_id, ns, id);
    if (found && threads_.contains(thread_id)) found->snapshot = "\x01\x02 no snapshot";
    return found;
  }

 private:
  std::set<std::string> threads_;
};

}  // namespace

TEST_CASE("Of the executors on one store exactly one recovers a run, and once") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  leave_runs(store, {"t"});
  std::atomic<int> visits{0};
  executor<notes> none{trip(visits), {.store = store, .recover = false}};
  CHECK(none.recovered().empty());
  executor<notes> first{trip(visits), {.store = store}};
  executor<notes> second{trip(visits), {.store = store}};
  std::vector<run_handle<notes>> recovered = first.recovered();
  for (auto& one : second.recovered()) recovered.push_back(one);
  REQUIRE(recovered.size() == 1);
  const auto ended = recovered.front().join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"a", "b"});
  CHECK(visits == 1);
  executor<notes> third{trip(visits), {.store = store}};
  CHECK(third.recovered().empty());
}

TEST_CASE("A run that is recovered has what is left of its deadline") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  const milliseconds deadline{3'600'000};
  leave_runs(store, {"early", "late"}, deadline);
  auto late = store->last_run("late").value();  // as if it had been left twice as long ago
  const auto due = core::decode_due(late.body);
  REQUIRE(due);
  late.body = core::encode_options(core::decode_options(late.body), *due - 2 * deadline);
  const store_write older = put_run{late};
  store->write({&older, 1});
  std::atomic<int> visits{0};
  executor<notes> runs{trip(visits), {.store = store}};
  REQUIRE(runs.recovered().size() == 2);
  for (auto& run : runs.recovered()) {
    const auto ended = run.join();
    if (run.thread_id() == "early") {
      CHECK(ended.done());
    } else {
      REQUIRE(ended.info.error);
      CHECK(ended.info.error->code() == errc::deadline_exceeded);
    }
  }
}

TEST_CASE("A run that cannot be recovered does not stop the others") {
  const auto store = in_memory_checkpoint_store();
  leave_runs(store, {"bad", "good"});
  std::atomic<int> visits{0};
  {
    const auto damaged = std::make_shared<damaged_store>(store, std::set<std::string>{"bad"});
    executor<notes> runs{trip(visits), {.store = damaged}};
    const auto recovered = runs.recovered();
    REQUIRE(recovered.size() == 1);
    CHECK(recovered.front().thread_id() == "good");
    CHECK(recovered.front().join().done());
    // Under a live executor the thread is an error with its place, and the others go on.
    CHECK(code_of([&] { return runs.state("bad"); }) == errc::corrupt_store);
    CHECK(code_of([&] { return runs.resume("bad"); }) == errc::corrupt_store);
    CHECK(code_of([&] { return runs.run({}, {.thread_id = "bad"}); }) == errc::corrupt_store);
    CHECK(runs.run({}, {.thread_id = "other"}).log == words{"a", "b"});
  }
  // Nothing was lost: with the store as it was the run is gone on with.
  executor<notes> mended{trip(visits), {.store = store}};
  REQUIRE(mended.recovered().size() == 1);
  CHECK(mended.recovered().front().join().state().log == words{"a", "b"});
}

TEST_CASE("A graph that lost a node recovers what it can of its runs") {
  const auto store = in_memory_checkpoint_store();
  leave_runs(store, {"t"});
  executor<notes> runs{graph<notes>("trip").node("a", logs("a")).entry_point("a"),
                       {.store = store}};
  CHECK(runs.recovered().empty());
  CHECK(code_of([&] { return runs.resume("t"); }).has_value());
}

TEST_CASE("A run that meets a full disk fails, keeps what was accepted, and is resumed") {
  const bool blocks = GENERATE(true, false);
  const auto durability = GENERATE(durability::sync, durability::async);
  const auto after = GENERATE(1, 2, 3, 4, 5);
  const auto store = std::make_shared<failing_store>(blocks);
  std::atomic<int> effects{0};
  const auto step = [&effects](const notes& s, context& ctx) {
    static_cast<void>(
        ctx.once("effect " + std::to_string(s.log.size()), [&] { return ++effects; }));
    return update<notes>{}.append(&notes::log, std::to_string(s.log.size()));
  };
  executor<notes> runs{
      graph<notes>("loop").node("a", step).entry_point("a").router(
          "a", [](const notes& s) { return s.log.size() < 4 ? "a" : end; }, {"a", end}),
      {.store = store}};
  INFO("blocks " << blocks << ", durability " << static_cast<int>(durability) << ", full after "
                 << after);
  store->left = after;
  std::optional<run_result<notes>> ended;
  const auto refused = code_of([&] {
    ended = runs.start({}, {.thread_id = "t", .durability = durability}).join();
    return 0;
  });
  if (refused) {
    CHECK(*refused == errc::store_full);
  } else {
    REQUIRE(ended->status() == run_status::failed);
    CHECK(ended->info.error->code() == errc::store_full);
  }
  store->left = 0;
  store->broken = false;
  const auto again = refused ? runs.start({}, {.thread_id = "t"}).join() : runs.resume("t").join();
  REQUIRE(again.done());
  CHECK(again.state().log == words{"0", "1", "2", "3"});
  // One whose record could not be written is done again, as after a crash at that moment.
  CHECK(effects <= 5);
}

TEST_CASE("More runs than an executor takes are refused, and the others go on") {
  std::vector<reply<notes>> kept;
  door two;
  executor<notes> runs{graph<notes>("g")
                           .node("a",
                                 [&](const notes&, reply<notes> answer) {
                                   kept.push_back(std::move(answer));
                                   if (kept.size() == 2) two.open();
                                 },
                                 {.concurrency = 10})
                           .entry_point("a"),
                       {.max_runs = 2}};
  const auto first = runs.start({});
  const auto second = runs.start({});
  try {
    static_cast<void>(runs.start({}));
    FAIL("nothing was thrown");
  } catch (const error& what) {
    CHECK(what.code() == errc::overloaded);
    CHECK(mentions(what.message(), "max_runs = 2"));
  }
  two.wait();
  for (auto& one : std::exchange(kept, {})) one.done(update<notes>{});
  CHECK(first.join().done());
  CHECK(second.join().done());
}

TEST_CASE("More blocking tasks than may wait fail, and the one at work is done") {
  door entered;
  door gate;
  auto fan = graph<notes>("fan")
                 .node("plan", logs("plan"))
                 .node("work",
                       [&](const int&) {
                         entered.open();
                         gate.wait();
                         return update<notes>{}.set(&notes::count, 1);
                       },
                       {.blocking = true});
  fan.entry_point("plan").router(
      "plan",
      [](const notes& s) {
        return std::vector<send>(static_cast<std::size_t>(s.count), send{"work", 1});
      },
      {"work"});
  executor<notes> runs{fan,
                       {.runtime = actor_runtime{{.blocking_threads = 1, .blocking_queue = 2}}}};
  const opens_at_end safely{gate};
  const auto first = runs.start({.count = 1});
  entered.wait();
  const auto refused = runs.run_to_result({.count = 3});
  REQUIRE(refused.status() == run_status::failed);
  CHECK(refused.info.error->code() == errc::overloaded);
  CHECK(mentions(refused.info.error->message(), "blocking_queue = 2"));
  gate.open();
  CHECK(first.join().done());
}

}  // namespace mcp::test
