#include "actors/collected_spans.hpp"
#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

constexpr const char* callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::uint64_t callers_span = 0x00f067aa0ba902b7;

/// A node that says where it is in the trace.
auto tells_place(words& to) {
  return [&to](const notes&, context& ctx) { to.push_back(ctx.traceparent()); };
}

struct traced {
  std::shared_ptr<collected_spans> spans = std::make_shared<collected_spans>();
  [[nodiscard]] executor_options with(executor_options options = {}) const {
    options.spans = spans;
    return options;
  }
};

}  // namespace

TEST_CASE("A run, its supersteps and the attempts of its tasks are spans of one trace") {
  const scenario_store box{any_store()};
  const traced seen;
  std::atomic<int> calls{0};
  words places;
  executor<notes> runs{
      graph<notes>("trip")
          .node("a", tells_place(places))
          .node("b",
                [&](const notes&) -> update<notes> {
                  if (++calls == 1) throw error{errc::server_failed, "once"};
                  return update<notes>{}.append(&notes::log, "b");
                },
                {.retry = retry_policy{.max_attempts = 3, .initial_interval = milliseconds{1}}})
          .entry_point("a")
          .edge("a", "b"),
      seen.with(box.options())};
  const auto ended = runs.run_to_result({}, {.thread_id = "t"});
  REQUIRE(ended.done());
  const auto all = seen.spans->all();
  CHECK(wrong_with(all) == "");
  REQUIRE(all.size() == 6);
  const auto run = seen.spans->only("run trip");
  CHECK(run.place.trace_text() == ended.info.run_id);
  CHECK(run.parent == 0);
  CHECK(attribute(run, "fastmcp.thread") == "t");
  CHECK(attribute(run, "fastmcp.run") == ended.info.run_id);
  CHECK(attribute(run, "fastmcp.status") == "done");
  CHECK(attribute(run, "fastmcp.steps") == "2");
  CHECK_FALSE(run.failed);
  const auto steps = seen.spans->named("step");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].parent == run.place.span);
  CHECK(steps[1].parent == run.place.span);
  const auto a = seen.spans->only("a");
  CHECK(a.parent == steps[0].place.span);
  CHECK(places == words{a.place.traceparent()});
  CHECK(attribute(a, "fastmcp.outcome") == "finished");
  CHECK(attribute(a, "fastmcp.task").size() == 32);
  const auto b = seen.spans->named("b");
  REQUIRE(b.size() == 2);
  CHECK(b[0].parent == steps[1].place.span);
  CHECK(b[1].parent == steps[1].place.span);
  CHECK(attribute(b[0], "fastmcp.attempt") == "1");
  CHECK(attribute(b[1], "fastmcp.attempt") == "2");
  CHECK(attribute(b[0], "fastmcp.task") == attribute(b[1], "fastmcp.task"));
  CHECK(b[0].failed);
  CHECK(b[0].message == "once");
  CHECK(attribute(b[0], "error.type") == "server_failed");
  CHECK_FALSE(b[1].failed);
}

TEST_CASE("A subgraph's run is a span below the attempt that runs it") {
  const scenario_store box{any_store()};
  const traced seen;
  words places;
  executor<notes> runs{
      graph<notes>("outer")
          .node("a", logs("a"))
          .node("child", graph<notes>("inner").node("x", tells_place(places)).entry_point("x"))
          .entry_point("a")
          .edge("a", "child"),
      seen.with(box.options())};
  REQUIRE(runs.run_to_result({}).done());
  CHECK(wrong_with(seen.spans->all()) == "");
  const auto child = seen.spans->only("child");
  const auto inner = seen.spans->only("subgraph inner");
  CHECK(inner.parent == child.place.span);
  CHECK_FALSE(attribute(inner, "fastmcp.ns").empty());
  const auto x = seen.spans->only("x");
  CHECK(places == words{x.place.traceparent()});
}

TEST_CASE("A run that is interrupted, fails and is resumed stays in one trace") {
  const scenario_store box{real_store()};
  const traced seen;
  std::atomic<bool> broken{true};
  executor<notes> runs{graph<notes>("trip")
                           .node("a",
                                 [](const notes&, context& ctx) {
                                   return update<notes>{}.append(&notes::log, ctx.ask("go?"));
                                 })
                           .node("b",
                                 [&](const notes&) -> update<notes> {
                                   if (broken) throw error{errc::server_failed, "down"};
                                   return update<notes>{}.append(&notes::log, "b");
                                 })
                           .entry_point("a")
                           .edge("a", "b"),
                       seen.with(box.options())};
  const bool given = GENERATE(false, true);
  const auto first =
      runs.run_to_result({}, {.thread_id = "t", .traceparent = given ? callers : ""});
  CHECK(first.status() == run_status::interrupted);
  CHECK(runs.resume("t", answers::only("yes")).join().status() == run_status::failed);
  broken = false;
  CHECK(runs.resume("t", answers{}).join().done());
  const auto all = seen.spans->all();
  CHECK(wrong_with(all, given ? callers_span : 0) == "");
  CHECK(all.front().place.trace_text() ==
        (given ? "4bf92f3577b34da6a3ce929d0e0e4736" : first.info.run_id));
  const auto parts = seen.spans->named("run trip");
  REQUIRE(parts.size() == 3);
  for (const auto& one : parts) CHECK(one.parent == (given ? callers_span : 0));
  CHECK(attribute(parts[0], "fastmcp.status") == "interrupted");
  CHECK_FALSE(parts[0].failed);
  CHECK(attribute(parts[0], "fastmcp.resumed") == "");
  CHECK(attribute(parts[1], "fastmcp.resumed") == "true");
  CHECK(attribute(parts[1], "fastmcp.status") == "failed");
  CHECK(parts[1].failed);
  CHECK(attribute(parts[1], "error.type") == "server_failed");
  CHECK(attribute(parts[2], "fastmcp.status") == "done");
  const auto a = seen.spans->named("a");
  REQUIRE(a.size() == 2);
  CHECK(attribute(a[0], "fastmcp.outcome") == "interrupted");
  CHECK(attribute(a[1], "fastmcp.outcome") == "finished");
  CHECK(attribute(a[0], "fastmcp.task") == attribute(a[1], "fastmcp.task"));
}

TEST_CASE("A recovered run goes on in the trace that its caller gave") {
  const scenario_store box{real_store()};
  const auto store = box.options().store;
  const traced before;
  std::vector<reply<notes>> kept;
  {
    door in;
    executor<notes> runs{graph<notes>("trip")
                             .node("a",
                                   [&](const notes&, reply<notes> answer) {
                                     kept.push_back(std::move(answer));
                                     in.open();
                                   })
                             .entry_point("a"),
                         before.with({.store = store})};
    static_cast<void>(runs.start({}, {.thread_id = "t", .traceparent = callers}));
    in.wait();
  }
  const traced after;
  words places;
  executor<notes> runs{graph<notes>("trip").node("a", tells_place(places)).entry_point("a"),
                       after.with({.store = store})};
  REQUIRE(runs.recovered().size() == 1);
  CHECK(runs.recovered().front().join().done());
  auto all = before.spans->all();
  for (const auto& one : after.spans->all()) all.push_back(one);
  CHECK(wrong_with(all, callers_span) == "");
  CHECK(all.front().place.trace_text() == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(after.spans->only("run trip").parent == callers_span);
  CHECK(attribute(before.spans->only("a"), "fastmcp.outcome") == "abandoned");
  CHECK(places == words{after.spans->only("a").place.traceparent()});
}

TEST_CASE("A trace that nobody wants the spans of is passed on and gets none") {
  const scenario_store box{any_store()};
  const traced seen;
  words places;
  const auto place = graph<notes>("trip").node("a", tells_place(places)).entry_point("a");
  const std::string unwanted = std::string{callers}.substr(0, 53) + "00";
  executor<notes> with{place, seen.with(box.options())};
  CHECK(with.run_to_result({}, {.traceparent = unwanted}).done());
  CHECK(seen.spans->all().empty());
  executor<notes> without{place, box.options()};
  CHECK(without.run_to_result({}, {.traceparent = callers}).done());
  CHECK(without.run_to_result({}).done());
  CHECK(places == words{unwanted, callers, ""});
}

TEST_CASE("A traceparent that is none is refused before the run is accepted") {
  const scenario_store box{any_store()};
  executor<notes> runs{graph<notes>("trip").node("a", logs("a")).entry_point("a"), box.options()};
  CHECK(code_of([&] {
          return runs.run_to_result({}, {.thread_id = "t", .traceparent = "00-no-such-01"});
        }) == errc::invalid_argument);
  CHECK(runs.run_to_result({}, {.thread_id = "t"}).done());  // the thread is free
}

TEST_CASE("An attempt that is out of time is a span that ends when it is given up") {
  const traced seen;
  door shut;
  executor<notes> runs{
      graph<notes>("trip")
          .node("slow", [&](const notes&) { shut.wait(); },
                {.timeout = timeout_policy{.run = milliseconds{1}}, .blocking = true})
          .entry_point("slow"),
      seen.with()};
  const opens_at_end late{shut};
  CHECK(runs.run_to_result({}).status() == run_status::failed);
  CHECK(wrong_with(seen.spans->all()) == "");
  const auto slow = seen.spans->only("slow");
  CHECK(attribute(slow, "fastmcp.outcome") == "abandoned");
  CHECK(slow.failed);
  CHECK(seen.spans->only("step").failed);
  CHECK(attribute(seen.spans->only("run trip"), "error.type") == "node_timeout");
}

TEST_CASE("Sends and fan-out are attempts side by side in one step") {
  const traced seen;
  executor<notes> runs{
      graph<notes>("trip")
          .node("plan", logs("plan"))
          .node("work",
                [](const std::string& topic) { return update<notes>{}.append(&notes::log, topic); })
          .entry_point("plan")
          .router("plan",
                  [](const notes&) {
                    std::vector<send> all;
                    for (const auto* topic : {"x", "y", "z"})
                      all.emplace_back("work", std::string{topic});
                    return all;
                  },
                  {"work"}),
      seen.with()};
  REQUIRE(runs.run_to_result({}).done());
  CHECK(wrong_with(seen.spans->all()) == "");
  const auto work = seen.spans->named("work");
  REQUIRE(work.size() == 3);
  CHECK(work[0].parent == work[1].parent);
  CHECK(work[1].parent == work[2].parent);
}

}  // namespace mcp::test
