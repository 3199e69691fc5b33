// Whoever holds the last piece of an executor may let go of it anywhere.

#include "actors/scenario.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace mcp::test {
namespace {

/// Like a client of a model: a thread of its own calls back, and its destructor waits for it.
class caller {
 public:
  caller() : thread_([this] { loop(); }) {}
  ~caller() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      changed_.notify_one();
    }
    thread_.join();  // throws if it is the thread itself
    if (gone) gone->open();
  }
  void call(std::function<void()> back) {
    const std::lock_guard lock{mutex_};
    back_ = std::move(back);
    changed_.notify_one();
  }

  std::shared_ptr<door> gone{};  ///< opened once it is destroyed

 private:
  void loop() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || back_; });
      if (!back_) return;
      auto back = std::exchange(back_, nullptr);
      lock.unlock();
      back();
      back = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> back_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("An answer may outlive its executor on a thread that the graph owns") {
  door entered;
  const auto leave = std::make_shared<door>();
  const auto gone = std::make_shared<door>();
  {
    auto client = std::make_shared<caller>();
    client->gone = gone;
    const auto node = [client, leave, &entered](const notes&, reply<notes> answer) {
      entered.open();
      client->call([answer, leave] {
        leave->wait();
        static_cast<void>(answer.done(update<notes>{}));
      });
    };
    client.reset();
    executor<notes> runs{graph<notes>("slow").node("a", node).entry_point("a"),
                         {.runtime = actor_runtime{}}};
    static_cast<void>(runs.start({}));
    entered.wait();
  }
  // Nothing is left of the executor but what the callback holds.
  leave->open();
  gone->wait();
}

TEST_CASE("A runtime is destroyed while a thread that used it lives on") {
  door used;
  door over;
  std::optional<executor<notes>> runs{std::in_place,
                                      graph<notes>("g").node("a", logs("a")).entry_point("a"),
                                      executor_options{.runtime = actor_runtime{}}};
  std::thread user{[&] {
    static_cast<void>(runs->run({}));
    static_cast<void>(runs->start({}).join());
    used.open();
    over.wait();
  }};
  used.wait();
  runs.reset();
  over.open();
  user.join();
}

TEST_CASE("A store's file is free once its executor is gone, whatever still answers") {
  const temporary_folder folder;
  const auto open = [&] { return sqlite_checkpoint_store(folder.file("runs.db")); };
  std::optional<reply<notes>> late;
  for (int i = 0; i < 20; ++i) {
    const auto entered = std::make_shared<door>();
    executor<notes> runs{graph<notes>("g")
                             .node("a",
                                   [&late, entered](const notes&, reply<notes> answer) {
                                     late = std::move(answer);
                                     entered->open();
                                   })
                             .entry_point("a"),
                         {.store = open(), .recover = false}};
    static_cast<void>(runs.start({}, {.durability = durability::async}));
    entered->wait();
  }
  late->done(update<notes>{});
  CHECK_NOTHROW(open());
}

TEST_CASE("An executor's end waits for the function of a node that has answered") {
  // The node keeps one thread and the run needs another: both are this test's own.
  const actor_runtime own{runtime_options{.scheduler_threads = 2}};
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> returned{false};
    door leave;
    std::optional<executor<notes>> runs;
    runs.emplace(graph<notes>("g")
                     .node("a",
                           [&](const notes&, const reply<notes>& answer) {
                             answer.done(update<notes>{});
                             leave.wait();
                             for (int k = 0; k < 100; ++k) std::this_thread::yield();
                             returned = true;
                           })
                     .entry_point("a"),
                 executor_options{.runtime = own});
    CHECK(runs->start({}).join().done());
    leave.open();
    runs.reset();
    CHECK(returned);
  }
}

TEST_CASE("An executor may be destroyed by a node of another one") {
  auto inner =
      std::make_shared<executor<notes>>(graph<notes>("inner").node("a", logs("a")).entry_point("a"),
                                        executor_options{.runtime = actor_runtime{}});
  CHECK(inner->run({}).log == words{"a"});
  executor<notes> outer{graph<notes>("outer")
                            .node("b", [&](const notes&) { inner.reset(); }, {.blocking = true})
                            .entry_point("b")};
  static_cast<void>(outer.run({}));
  CHECK(inner == nullptr);
}

}  // namespace mcp::test
