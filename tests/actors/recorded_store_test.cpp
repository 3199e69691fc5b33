// A SQLite file as format 1 wrote it; recorded/README.md says how it was made.
#include "actors/scenario.hpp"
#include "mcp/memory_store.hpp"

#include <cstdlib>
#include <filesystem>

namespace mcp::test {
namespace {

/// plan, then side by side: a question, with an effect before it; a subgraph that asks too; a node
/// that `hold` can keep. A last node for all of them.
graph<notes> recorded_graph(std::atomic<int>& effects, const std::function<void()>& hold) {
  const auto asks = [](const notes& now, context& ctx) {
    if (now.topic != "ask") return update<notes>{}.append(&notes::log, "deep");
    return update<notes>{}.append(&notes::log, "deep=" + ctx.ask("how deep?"));
  };
  auto inner = graph<notes>("inner").node("deep", asks).entry_point("deep");
  return graph<notes>("recorded")
      .node("plan",
            [](const notes& now) {
              return update<notes>{}.append(&notes::log, "plan " + now.topic).set(&notes::count, 1);
            })
      .node("ask",
            [&effects](const notes& now, context& ctx) {
              const auto made = ctx.once("effect", [&] { return ++effects; });
              if (now.topic != "ask") return update<notes>{}.set(&notes::count, made);
              return update<notes>{}.append(&notes::log, "ask=" + ctx.ask("who?"));
            })
      .node("child", inner)
      .node("held",
            [hold](const notes& now) {
              if (now.topic == "hold") hold();
              return update<notes>{}.append(&notes::log, "held");
            },
            {.blocking = true})
      .node("last", logs("last"))
      .entry_point("plan")
      .edge("plan", "ask")
      .edge("plan", "child")
      .edge("plan", "held")
      .join({"ask", "child", "held"}, "last")
      .edge("last", end);
}

std::string recorded_file() {
  return std::string{MCP_TEST_SOURCE_DIR} + "/tests/actors/recorded/store-1.db";
}

std::string id_of(const std::vector<pending_interrupt>& pending, const std::string& question) {
  for (const auto& one : pending) {
    if (one.question.find(question) != std::string::npos) return one.id;
  }
  FAIL("nobody asks " << question);
  return {};
}

}  // namespace

TEST_CASE("A SQLite file of format 1 is recorded into MCP_RECORD_STORE", "[.record]") {
  const char* to = std::getenv("MCP_RECORD_STORE");
  REQUIRE(to != nullptr);
  const temporary_folder folder;
  const auto path = folder.file("runs.db");
  const auto store = sqlite_checkpoint_store(path);
  sqlite_memory_store(path)->put({"facts", "forks"}, "k", R"({"text": "A fork is a branch."})");
  std::atomic<int> effects{0};
  door reached;
  door shut;
  executor<notes> runs{recorded_graph(effects,
                                      [&] {
                                        reached.open();
                                        shut.wait();
                                      }),
                       {.store = store}};
  REQUIRE(runs.run_to_result({.topic = "first"}, {.thread_id = "done"}).done());
  REQUIRE(runs.run_to_result({.topic = "second"}, {.thread_id = "done"}).done());
  static_cast<void>(runs.fork("done", runs.history("done").back().info.id));
  store->copy_thread("done", "copied");
  store->expire_thread("copied", store_time{std::chrono::milliseconds{4'102'444'800'000}});
  const auto waits = runs.run_to_result({.topic = "ask"}, {.thread_id = "waits"});
  REQUIRE(waits.interrupts().size() == 2);
  const auto half =
      runs.resume("waits", answers{}.add(id_of(waits.interrupts(), "who?"), "Ann")).join();
  REQUIRE(half.interrupts().size() == 1);
  const auto held = runs.start({.topic = "hold"}, {.thread_id = "goes on"});
  reached.wait();
  static_cast<void>(backup_sqlite_store(path, to));
  shut.open();
  REQUIRE(held.join().done());
}

TEST_CASE("A recorded SQLite file is opened, read and gone on with") {
  const temporary_folder folder;
  const auto path = folder.file("runs.db");
  std::filesystem::copy_file(recorded_file(), path);
  const auto store = sqlite_checkpoint_store(path);
  CHECK(sqlite_memory_store(path)->search({.text = "branch"}).at(0).key == "k");
  CHECK(store->threads(10).size() == 4);
  std::atomic<int> effects{0};
  executor<notes> runs{recorded_graph(effects, [] {}), {.store = store}};

  // The run that was at work.
  REQUIRE(runs.recovered().size() == 1);
  CHECK(runs.recovered().front().join().done());
  auto lines = runs.state("goes on").values.log;
  std::sort(lines.begin(), lines.end());
  CHECK(lines == words{"deep", "held", "last", "plan hold"});

  // The one that waits: one question is answered, one is not.
  const auto waiting = runs.state("waits");
  CHECK(waiting.status == run_status::interrupted);
  REQUIRE(waiting.interrupts.size() == 1);
  CHECK(waiting.interrupts.front().question == "\"how deep?\"");
  CHECK(waiting.values.log == words{"plan ask"});
  const auto ended = runs.resume("waits", answers::only("very")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().log == words{"plan ask", "ask=Ann", "deep=very", "held", "last"});
  CHECK(effects == 0);  // they are in the journal

  // The one that is done, and was forked at its first checkpoint; its copy has no runs.
  const auto all = runs.history("done");
  CHECK(all.size() == 9);
  CHECK(all.front().info.source == checkpoint_source::fork);
  CHECK(all.back().info.source == checkpoint_source::input);
  CHECK(runs.state("done", all.at(1).info.id).values.topic == "second");
  CHECK(runs.state("done", all.at(1).info.id).values.log.size() == 8);
  CHECK(runs.state("done").next == words{"plan"});
  CHECK(runs.resume("done").join().state().log.size() == 4);
  CHECK(runs.history("copied").size() == 9);
  CHECK(store->runs({.thread_id = "copied"}).empty());
  CHECK(store->runs({.thread_id = "done"}).size() == 2);
}

}  // namespace mcp::test
