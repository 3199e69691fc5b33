#include "mcp/graph.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using level = mcp::graph_problem::level;

struct flight {
  int altitude = 0;
};
MCP_STATE(flight, altitude)

struct job {
  int number = 0;
};
MCP_STRUCT(job, number)

void idle(const flight&) {}

/// A graph without problems that tests spoil in one way each.
mcp::graph<flight> good() {
  return mcp::graph<flight>("good").node("a", idle).node("b", idle).entry_point("a").edge("a", "b");
}

bool has(const std::vector<mcp::graph_problem>& problems, level severity, const std::string& place,
         const std::string& message) {
  return std::any_of(problems.begin(), problems.end(), [&](const auto& problem) {
    return problem.severity == severity && problem.place == place &&
           problem.message.find(message) != std::string::npos && !problem.advice.empty();
  });
}

#define CHECK_ERROR(graph, place, message)           \
  do {                                               \
    const auto found = (graph).check();              \
    INFO(mcp::to_text(found));                       \
    CHECK(has(found, level::error, place, message)); \
    CHECK_THROWS_AS((graph).compile(), mcp::error);  \
  } while (false)

TEST_CASE("A graph without problems compiles") {
  CHECK(good().check().empty());
  CHECK_NOTHROW(good().compile());
}

TEST_CASE("A graph needs a name, nodes and an entry point") {
  CHECK_ERROR(mcp::graph<flight>("").node("a", idle).entry_point("a"), "", "no name");
  CHECK_ERROR(mcp::graph<flight>("empty"), "", "no nodes");
  CHECK_ERROR(mcp::graph<flight>("g").node("a", idle), "", "no entry point");
}

TEST_CASE("Names of nodes are checked") {
  CHECK_ERROR(good().node("", idle), "", "without a name");
  CHECK_ERROR(good().node(mcp::end, idle), mcp::end, "reserved");
  CHECK_ERROR(good().node(mcp::start, idle), mcp::start, "reserved");
  CHECK_ERROR(good().node("a:b", idle), "a:b", "reserved characters");
  CHECK_ERROR(good().node("a|b", idle), "a|b", "reserved characters");
  CHECK_ERROR(good().node(std::string(201, 'x'), idle), std::string(201, 'x'), "200 bytes");
  CHECK_ERROR(good().node("a", idle), "a", "there already");
  CHECK(good().node(std::string(200, 'x'), idle).edge("b", std::string(200, 'x')).check().empty());
}

TEST_CASE("A graph of too many nodes is refused") {
  auto graph = good();
  for (int i = 0; i < 10'000; ++i) graph.node("n" + std::to_string(i), idle);
  CHECK_ERROR(graph, "", "more than 10000 nodes");
}

TEST_CASE("A long chain of nodes is checked in time") {
  mcp::graph<flight> graph("chain");
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("n" + std::to_string(i));
  for (const auto& name : names) graph.node(name, idle);
  graph.entry_point("n0").sequence(names);
  CHECK(graph.check().empty());
}

TEST_CASE("Every policy of a node is checked") {
  using mcp::milliseconds;
  const auto with = [](mcp::node_options options) {
    return good().node("x", idle, std::move(options)).edge("b", "x");
  };
  CHECK_ERROR(with({.retry = mcp::retry_policy{.max_attempts = 0}}), "x", "max_attempts");
  CHECK_ERROR(with({.retry = mcp::retry_policy{.max_attempts = 1001}}), "x", "max_attempts");
  CHECK_ERROR(with({.retry = mcp::retry_policy{.backoff_factor = 0.5}}), "x", "backoff_factor");
  CHECK_ERROR(with({.retry = mcp::retry_policy{.initial_interval = milliseconds{-1}}}), "x",
              "negative");
  CHECK_ERROR(with({.retry = mcp::retry_policy{.max_interval = milliseconds{-1}}}), "x",
              "negative");
  CHECK_ERROR(with({.retry = mcp::retry_policy{.retry_on = nullptr}}), "x", "retry_on");
  CHECK_ERROR(with({.timeout = mcp::timeout_policy{.run = milliseconds{-1}}}), "x", "timeout");
  CHECK_ERROR(with({.timeout = mcp::timeout_policy{.idle = milliseconds{-1}}}), "x", "timeout");
  CHECK_ERROR(with({.breaker = mcp::breaker_policy{.failure_threshold = 0}}), "x", "breaker");
  CHECK_ERROR(with({.breaker = mcp::breaker_policy{.probes = 0}}), "x", "breaker");
  CHECK_ERROR(with({.cache = mcp::cache_policy{.max_entries = 0}}), "x", "max_entries");
  CHECK_ERROR(with({.fallback = "y"}), "x (fallback)", "unknown node \"y\"");
  CHECK_ERROR(with({.fallback = "x"}), "x", "own fallback");
  CHECK_ERROR(with({.destinations = {"y"}}), "x (destinations)", "unknown node \"y\"");
}

TEST_CASE("The defaults of a graph are checked like the options of a node") {
  CHECK_ERROR(good().defaults({.retry = mcp::retry_policy{.max_attempts = 0}}),
              "defaults of the graph", "max_attempts");
  CHECK_ERROR(good().defaults({.fallback = "gone"}), "defaults of the graph (fallback)",
              "unknown node \"gone\"");
}

TEST_CASE("A fallback that all nodes have by default is reachable") {
  auto graph = good().node("rescue", idle).defaults({.fallback = "rescue"});
  CHECK(graph.check().empty());
}

TEST_CASE("Only a plain function can be blocking") {
  const auto later = [](const flight&, mcp::reply<flight> reply) {
    reply.done(mcp::update<flight>{});
  };
  CHECK_ERROR(good().node("x", later, {.blocking = true}).edge("b", "x"), "x", "blocking");
  CHECK(good().node("x", idle, {.blocking = true}).edge("b", "x").check().empty());
}

TEST_CASE("Edges join known nodes, from the start to the end") {
  CHECK_ERROR(good().edge("a", "bb"), "a -> bb", "unknown node \"bb\", did you mean \"b\"?");
  CHECK_ERROR(good().edge("aa", "b"), "aa -> b", "unknown node \"aa\"");
  CHECK_ERROR(good().edge(mcp::end, "b"), "__end__ -> b", "an edge from the end");
  CHECK_ERROR(good().edge("b", mcp::start), "b -> __start__", "an edge to the start");
  const auto twice = good().edge("a", "b").check();
  CHECK(has(twice, level::warning, "a -> b", "twice"));
}

TEST_CASE("Routers and edge maps lead from known nodes to known nodes") {
  const auto go = [](const flight&) { return mcp::end; };
  CHECK_ERROR(good().router("bb", go), "router of bb", "unknown node \"bb\"");
  CHECK_ERROR(good().router(mcp::end, go), "router", "the end cannot have a router");
  CHECK_ERROR(good().router("b", go, {"c"}), "router of b", "unknown node \"c\"");
  CHECK_ERROR(good().edges(go, {"c"}), "edge map", "unknown node \"c\"");
  CHECK(good().router("b", go, {"a", mcp::end}).check().empty());
}

TEST_CASE("Joins have known sources and a known target") {
  const auto join = [](std::vector<std::string> sources, const std::string& target) {
    return good().join(std::move(sources), target);
  };
  CHECK_ERROR(join({}, "b"), "join -> b", "no sources");
  CHECK_ERROR(join({"a", "x"}, "b"), "join -> b", "unknown node \"x\"");
  CHECK_ERROR(join({"a"}, "x"), "join -> x", "unknown node \"x\"");
  CHECK_ERROR(join(std::vector<std::string>(65, "a"), "b"), "join -> b", "more than 64 sources");
}

TEST_CASE("Interrupts name known nodes") {
  CHECK_ERROR(good().interrupt_before({"x"}), "interrupt", "unknown node \"x\"");
  CHECK_ERROR(good().interrupt_after({"x"}), "interrupt", "unknown node \"x\"");
  CHECK(good().interrupt_before({"*"}).interrupt_after({"a"}).check().empty());
}

TEST_CASE("A node that nothing leads to is an error") {
  CHECK_ERROR(good().node("island", idle), "island", "no edge leads to the node");
}

TEST_CASE("A cycle without a way out is an error, one with an exit is not") {
  CHECK_ERROR(good().edge("b", "a"), "a", "the run can never end");
  CHECK(good().edge("b", "a").edge("b", mcp::end).check().empty());
  const auto open = [](const flight&) { return mcp::end; };
  CHECK(good().edge("b", "a").router("b", open).check().empty());
}

TEST_CASE("A fallback is no way out of a cycle, and no cycle of its own") {
  auto stuck = good().edge("b", "a").node("rescue", idle);
  CHECK_ERROR(stuck.node("c", idle, {.fallback = "rescue"}).edge("b", "c").edge("c", "a"), "a",
              "the run can never end");
  // The last node ends the run; that its stand-in is the first one closes no circle.
  auto fine = good().node("last", idle, {.fallback = "a"}).edge("b", "last");
  CHECK(fine.check().empty());
}

TEST_CASE("An edge to a node that takes the input of a send is an error") {
  const auto work = [](const job&) { return mcp::update<flight>{}; };
  CHECK_ERROR(good().node("work", work).edge("b", "work"), "b -> work", "the input of a send");
}

TEST_CASE("Several plain edges into one node get a warning, loops and deferred nodes do not") {
  auto diamond = [](mcp::node_options options) {
    return good()
        .node("c", idle)
        .node("d", idle, std::move(options))
        .edge("a", "c")
        .edge("b", "d")
        .edge("c", "d");
  };
  const auto problems = diamond({}).check();
  CHECK(has(problems, level::warning, "d", "do not wait for each other"));
  CHECK(diamond({.defer = true}).check().empty());
  auto loop = diamond({}).edge("d", "a").edge("d", mcp::end).check();
  CHECK_FALSE(has(loop, level::warning, "a", "do not wait"));
  CHECK_NOTHROW(diamond({}).compile());
}

TEST_CASE("All problems are reported at once, errors before warnings") {
  auto graph = good().node("a", idle).edge("a", "b").edge("x", "y").interrupt_before({"z"});
  const auto problems = graph.check();
  INFO(mcp::to_text(problems));
  CHECK(problems.size() == 5);
  CHECK(problems.front().severity == level::error);
  CHECK(problems.back().severity == level::warning);
  try {
    (void)graph.compile();
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == mcp::errc::invalid_graph);
    for (const char* part : {"a: the node is there already", "x -> y: unknown node \"x\"",
                             "x -> y: unknown node \"y\"", "interrupt: unknown node \"z\""}) {
      CHECK_THAT(failure.message(), Catch::Matchers::Contains(part));
    }
  }
}

TEST_CASE("A wrong name does not hide what is wrong with the paths") {
  auto graph = good().node("lonely", idle).edge("b", "aa").edge("zzzzzzzz", "b");
  const auto problems = graph.check();
  INFO(mcp::to_text(problems));
  CHECK(has(problems, level::error, "lonely", "no edge leads"));
  CHECK(has(problems, level::error, "b -> aa", "unknown node"));
  // b -> aa is taken for b -> a: a circle without a way out.
  CHECK(has(problems, level::error, "a", "the run can never end"));
  // A target that is like nothing might be any node: no way is counted as lost.
  const auto far = good().edge("b", "somewhere else").check();
  CHECK(far.size() == 1);
}

TEST_CASE("Two nodes that start together may not write one field that takes one writer") {
  const auto fan = [](mcp::node_options b, mcp::node_options c) {
    return mcp::graph<flight>("fan")
        .node("a", idle)
        .node("b", idle, std::move(b))
        .node("c", idle, std::move(c))
        .entry_point("a")
        .edge("a", "b")
        .edge("a", "c");
  };
  const mcp::node_options writes{.writes = {"altitude"}};
  CHECK_ERROR(fan(writes, writes), "b, c", "takes one writer");
  CHECK(fan(writes, {}).check().empty());
  CHECK(good().node("c", idle, writes).edge("b", "c").check().empty());
  CHECK_ERROR(good().node("c", idle, {.writes = {"altitud"}}).edge("b", "c"), "c",
              "unknown field \"altitud\", did you mean \"altitude\"?");
}

TEST_CASE("Only sends bring the input of a send") {
  const auto work = [](const job&) { return mcp::update<flight>{}; };
  CHECK_ERROR(good().node("work", work).join({"a", "b"}, "work"), "join -> work",
              "the input of a send");
  CHECK_ERROR(good()
                  .node("work", work, {.destinations = {"work"}})
                  .node("c", idle, {.fallback = "work"})
                  .edge("b", "c"),
              "c", "the fallback takes the input of a send");
}

TEST_CASE("A limit of tasks is for nodes, not for subgraphs") {
  auto inner = good();
  CHECK_ERROR(good().node("inner", inner, {.concurrency = 1}).edge("b", "inner"), "inner",
              "cannot have a concurrency limit");
  // The default of the graph is for its nodes.
  auto outer = good().node("inner", inner).edge("b", "inner");
  outer.defaults({.concurrency = 1});
  CHECK_NOTHROW(outer.compile());
}

TEST_CASE("Subgraphs are nested at most 32 levels deep") {
  auto graph = good();
  for (int i = 0; i < 31; ++i) {
    graph = mcp::graph<flight>("level").node("inner", graph).entry_point("inner");
    CHECK_NOTHROW(graph.compile());
  }
  CHECK_THROWS_AS(mcp::graph<flight>("level").node("inner", graph).entry_point("inner").compile(),
                  mcp::error);
}

TEST_CASE("A source that a join names twice is awaited once") {
  auto graph = good().node("c", idle).join({"b", "a", "b"}, "c");
  CHECK_NOTHROW(graph.compile());
  CHECK_THAT(graph.compile().draw(mcp::drawing::dot), Catch::Matchers::Contains("\"b\" -> \"c\""));
}

}  // namespace
