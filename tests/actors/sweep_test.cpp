#include "actors/scenario.hpp"
#include "mcp/memory_store.hpp"
#include "support/forwarding_store.hpp"

#include <condition_variable>
#include <mutex>

namespace mcp::test {
namespace {

/// Tells when it was swept.
class counting_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;

  std::vector<std::string> sweep(const sweep_query& query) override {
    auto removed = inner().sweep(query);
    const std::lock_guard lock{mutex_};
    removed_.insert(removed_.end(), removed.begin(), removed.end());
    ++sweeps_;
    changed_.notify_all();
    return removed;
  }
  /// Until so many more sweeps have begun and ended.
  void await_sweeps(int more) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&, until = sweeps_ + more] { return sweeps_ >= until; });
  }
  [[nodiscard]] words removed() {
    const std::lock_guard lock{mutex_};
    return removed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  words removed_;
  int sweeps_ = 0;
};

auto one_asker() {
  return graph<notes>("asker")
      .node("a",
            [](const notes& now, context& ctx) {
              if (now.topic == "ask") static_cast<void>(ctx.ask("go on?"));
              return update<notes>{}.append(&notes::log, "a");
            })
      .entry_point("a");
}

}  // namespace

TEST_CASE("An executor removes threads and items of memory whose time is over, and no others") {
  const auto where = real_store();
  const temporary_folder folder;
  const auto store = std::make_shared<counting_store>(
      where == stored_in::memory ? in_memory_checkpoint_store()
                                 : sqlite_checkpoint_store(folder.file("runs.db")));
  const memory_options in_the_past{.clock = [] { return store_time{}; }};
  const auto memory = where == stored_in::memory
                          ? in_memory_memory_store(in_the_past)
                          : sqlite_memory_store(folder.file("runs.db"), in_the_past);
  memory->put({"facts"}, "old", "{}", {.ttl = milliseconds{1}});
  memory->put({"facts"}, "kept", "{}");
  std::mutex mutex;
  words told;
  {
    executor<notes> first{one_asker(), {.store = store, .sweep_every = milliseconds{0}}};
    REQUIRE(first.run_to_result({}, {.thread_id = "done"}).done());
    REQUIRE(first.run_to_result({}, {.thread_id = "has a time"}).done());
    REQUIRE_FALSE(first.run_to_result({.topic = "ask"}, {.thread_id = "waits"}).done());
    store->expire_thread("has a time", store_time{});
  }
  CHECK(store->removed().empty());
  door shut;
  executor<notes> other{graph<notes>("other")
                            .node("b",
                                  [&](const notes&) {
                                    shut.wait();
                                    return update<notes>{};
                                  },
                                  {.blocking = true})
                            .entry_point("b"),
                        {.store = store, .sweep_every = milliseconds{0}}};
  const auto running = other.start({}, {.thread_id = "runs"});
  store->expire_thread("runs", store_time{});
  {
    executor<notes> runs{one_asker(),
                         {.store = store,
                          .memory = memory,
                          .keep_threads = milliseconds{0},
                          .sweep_every = milliseconds{1},
                          .on_removed = [&](const std::string& thread) {
                            const std::lock_guard lock{mutex};
                            told.push_back(thread);
                            throw std::runtime_error{"is logged"};
                          }}};
    store->await_sweeps(4);
    CHECK(runs.state("waits").interrupts.size() == 1);
    CHECK(code_of([&] { return runs.state("done"); }) == errc::unknown_thread);
  }
  auto removed = store->removed();
  std::sort(removed.begin(), removed.end());
  CHECK(removed == words{"done", "has a time"});
  std::sort(told.begin(), told.end());
  CHECK(told == removed);
  CHECK_FALSE(memory->get({"facts"}, "old", false).has_value());
  CHECK(memory->get({"facts"}, "kept", false).has_value());
  shut.open();
  CHECK(running.join().done());
}

TEST_CASE("A run whose thread is deleted under it fails and says so") {
  const scenario_store box{real_store()};
  const auto options = box.options();
  door reached;
  door shut;
  executor<notes> runs{graph<notes>("deleted")
                           .node("a", logs("a"))
                           .node("b",
                                 [&](const notes&) {
                                   reached.open();
                                   shut.wait();
                                   return update<notes>{}.append(&notes::log, "b");
                                 },
                                 {.blocking = true})
                           .entry_point("a")
                           .edge("a", "b")
                           .edge("b", end),
                       options};
  const auto run = runs.start({}, {.thread_id = "t", .durability = durability::sync});
  reached.wait();
  REQUIRE(options.store->delete_thread("t"));
  shut.open();
  const auto ended = run.join();
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::unknown_checkpoint);
  CHECK(mentions(ended.info.error->what(), "thread was deleted meanwhile"));
}

}  // namespace mcp::test
