// Runs are pinned to the version of the graph that accepted them.

#include "actors/scenario.hpp"
#include "support/code_of.hpp"

#include <nlohmann/json.hpp>

namespace mcp::test {
namespace {

using Catch::Matchers::Contains;

/// Accepts a run of the thread as version `version`, and stops in the middle of it.
void leave_run(const std::shared_ptr<checkpoint_store>& store, const std::string& version,
               const std::string& thread) {
  std::vector<reply<notes>> kept;
  door in;
  const auto stuck = [&](const notes&, reply<notes> answer) {
    kept.push_back(std::move(answer));
    in.open();
  };
  executor<notes> runs{graph<notes>("trip")
                           .node("a", logs("a"))
                           .node("b", stuck)
                           .sequence({"a", "b"})
                           .entry_point("a"),
                       {.store = store, .version = version}};
  static_cast<void>(runs.start({}, {.thread_id = thread}));
  in.wait();
}

graph<notes> trip(const std::string& word) {
  return graph<notes>("trip")
      .node("a", logs("a"))
      .node("b", logs(word))
      .sequence({"a", "b"})
      .entry_point("a")
      .finish_point("b");
}

graph<notes> question(const std::string& word) {
  const auto ask = [word](const notes&, context& ctx) {
    return update<notes>{}.append(&notes::log, word + ctx.ask<std::string>("what?"));
  };
  return graph<notes>("trip").node("ask", ask).entry_point("ask").finish_point("ask");
}

}  // namespace

TEST_CASE("An executor recovers the runs of its own version, and leaves those of others alone") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  leave_run(store, "v1", "one");
  leave_run(store, "v2", "two");
  leave_run(store, "", "free");
  executor<notes> second{trip("new"), {.store = store, .version = "v2"}};
  std::map<std::string, words> logs_of;
  for (const auto& run : second.recovered()) logs_of[run.thread_id()] = run.join().state().log;
  CHECK(logs_of == std::map<std::string, words>{{"two", {"a", "new"}}, {"free", {"a", "new"}}});
  executor<notes> first{trip("old"), {.store = store, .version = "v1"}};
  REQUIRE(first.recovered().size() == 1);
  CHECK(first.recovered().front().join().state().log == words{"a", "old"});
}

TEST_CASE("An executor without a version takes every run") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  leave_run(store, "v1", "one");
  executor<notes> any{trip("any"), {.store = store}};
  REQUIRE(any.recovered().size() == 1);
  CHECK(any.recovered().front().join().state().log == words{"a", "any"});
}

TEST_CASE("A run that waits is resumed by its version only, and the error names both") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  executor<notes> first{question("old "), {.store = store, .version = "v1"}};
  CHECK(first.run_to_result({}, {.thread_id = "t"}).info.status == run_status::interrupted);
  executor<notes> second{question("new "), {.store = store, .version = "v2"}};
  const auto refused = message_of(
      [&] { static_cast<void>(second.resume("t", answers::only("x"))); }, errc::unknown_version);
  CHECK_THAT(refused, Contains("version v1 of graph \"trip\"") && Contains("this one is v2"));
  CHECK(first.resume("t", answers::only("x")).join().state().log == words{"old x"});
}

TEST_CASE("A new run takes a thread's state over to its version") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  {
    executor<notes> first{trip("old"), {.store = store, .version = "v1"}};
    REQUIRE(first.run_to_result({.topic = "x"}, {.thread_id = "t"}).done());
  }
  std::vector<std::string> moved_from;
  const auto migrate = [&](const std::string& from, const std::string& state) {
    moved_from.push_back(from);
    auto fields = nlohmann::json::parse(state);
    fields["answer"] = fields["topic"].get<std::string>() + " moved";
    fields.erase("topic");
    return fields.dump();
  };
  {
    executor<notes> second{trip("new"), {.store = store, .version = "v2", .migrate = migrate}};
    const auto ended = second.run_to_result({}, {.thread_id = "t"});
    REQUIRE(ended.done());
    CHECK(ended.state().answer == "x moved");
    CHECK(ended.state().topic.empty());
    CHECK(ended.state().log == words{"a", "old", "a", "new"});
    REQUIRE(second.run_to_result({}, {.thread_id = "t"}).done());
  }
  CHECK(moved_from == std::vector<std::string>{"v1"});
  // The log holds it, without the hook.
  executor<notes> third{trip("new"), {.store = store, .version = "v2"}};
  CHECK(third.state("t").values.answer == "x moved");
  CHECK(third.state("t").values.log.size() == 6);
  CHECK(third.history("t").size() > 6);
}

TEST_CASE("A migration that fails fails the start, and the thread stays as it was") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  executor<notes> first{trip("old"), {.store = store, .version = "v1"}};
  REQUIRE(first.run_to_result({}, {.thread_id = "t"}).done());
  const auto migrate = [](const std::string& from, const std::string&) -> std::string {
    throw error{errc::invalid_argument, "no way from " + from};
  };
  executor<notes> second{trip("new"), {.store = store, .version = "v2", .migrate = migrate}};
  CHECK_THAT(message_of([&] { static_cast<void>(second.start({}, {.thread_id = "t"})); },
                        errc::invalid_argument),
             Contains("no way from v1"));
  CHECK(first.state("t").values.log == words{"a", "old"});
  CHECK(first.run_to_result({}, {.thread_id = "t"}).done());
}

}  // namespace mcp::test
