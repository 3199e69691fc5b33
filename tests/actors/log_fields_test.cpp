#include "mcp/log_fields.hpp"

#include "actors/scenario.hpp"

#include <mutex>
#include <thread>

namespace mcp::test {
namespace {

/// What a line would be about that is logged here.
class heard_fields {
 public:
  void now() {
    const std::lock_guard lock{mutex_};
    all_.push_back(current_log_fields());
  }
  [[nodiscard]] std::vector<log_fields> all() const {
    const std::lock_guard lock{mutex_};
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<log_fields> all_;
};

}  // namespace

TEST_CASE("A line that a node logs is about its task, whatever kind of node it is") {
  heard_fields heard;
  const int kind = GENERATE(0, 1, 2);
  auto made = graph<notes>("trip");
  if (kind == 2) {
    made.node("a", [&](const notes&, reply<notes> answer) {
      heard.now();
      answer.done(update<notes>{});
    });
  } else {
    made.node("a", [&](const notes&) { heard.now(); }, {.blocking = kind == 1});
  }
  executor<notes> runs{made.entry_point("a")};
  const auto ended = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(ended.done());
  REQUIRE(heard.all().size() == 1);
  const auto fields = heard.all().front();
  CHECK(fields.run == ended.info.run_id);
  CHECK(fields.thread == "t");
  CHECK(fields.graph == "trip");
  CHECK(fields.node == "a");
  CHECK(fields.task.size() == 32);
  CHECK(fields.attempt == 1);
  CHECK(current_log_fields().run.empty());
}

TEST_CASE("A line that an edge map logs is about its run, and of no task") {
  heard_fields heard;
  executor<notes> runs{graph<notes>("trip")
                           .node("a", logs("a"))
                           .entry_point("a")
                           .router("a",
                                   [&](const notes&) {
                                     heard.now();
                                     return std::string{end};
                                   },
                                   {end})};
  const auto ended = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(ended.done());
  REQUIRE(heard.all().size() == 1);
  CHECK(heard.all().front().run == ended.info.run_id);
  CHECK(heard.all().front().node.empty());
}

TEST_CASE("A node that runs another graph on its thread is about itself again afterwards") {
  heard_fields heard;
  executor<notes> inner{
      graph<notes>("inner").node("x", [&](const notes&) { heard.now(); }).entry_point("x")};
  executor<notes> outer{graph<notes>("outer")
                            .node("a",
                                  [&](const notes&, context& ctx) {
                                    static_cast<void>(
                                        inner.run_to_result({}, {.thread_id = "inner"}));
                                    heard.now();
                                    // What goes on on a thread of its own says so there.
                                    std::thread{[&] {
                                      heard.now();
                                      const log_scope about{ctx.port()};
                                      heard.now();
                                    }}.join();
                                  },
                                  {.blocking = true})
                            .entry_point("a")};
  REQUIRE(outer.run_to_result({}, {.thread_id = "outer"}).done());
  const auto all = heard.all();
  REQUIRE(all.size() == 4);
  CHECK(all[0].thread == "inner");
  CHECK(all[0].node == "x");
  CHECK(all[1].thread == "outer");
  CHECK(all[1].node == "a");
  CHECK(all[2].thread.empty());
  CHECK(all[3].thread == "outer");
}

}  // namespace mcp::test
