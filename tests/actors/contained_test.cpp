// What user code throws outside of a node's function: the run ends, in the store too.

#include "actors/scenario.hpp"

#include <stdexcept>

namespace mcp::test {
namespace {

enum class colour : std::uint8_t { red, green };
MCP_ENUM(colour, red, green)

struct tree {
  std::vector<tree> kids{};
};
MCP_STRUCT(tree, kids)

struct garden {
  colour flower = colour::red;
  tree apple{};
  std::int64_t count = 0;
  std::string said{};
};
MCP_STATE(garden, flower, apple, (count, mcp::sum), said)

tree deep(int levels) {
  tree made;
  if (levels > 0) made.kids.push_back(deep(levels - 1));
  return made;
}

update<garden> no_colour(const garden&) {
  return update<garden>{}.set(&garden::flower, static_cast<colour>(7));
}
update<garden> too_deep(const garden&) {
  return update<garden>{}.set(&garden::apple, deep(300));
}
update<garden> asks_too_deep(const garden&, context& ctx) {
  return update<garden>{}.set(&garden::said, ctx.ask(deep(300)));
}
update<garden> counts(const garden&) {
  return update<garden>{}.set(&garden::count, 1);
}

/// `bad` beside a node that waits to be told that its result is not wanted.
template <class Bad>
graph<garden> pair(Bad bad, node_options options = {}) {
  return graph<garden>("pair")
      .node("bad", bad, std::move(options))
      .node("patient",
            [](const garden&, context& ctx, reply<garden> answer) {
              ctx.on_cancel([answer] { answer.fail("not wanted any more"); });
            })
      .entry_point("bad")
      .entry_point("patient");
}

/// The run failed for `code` and nothing in the store goes on by itself.
void check_ended(const graph<garden>& made, const scenario_store& box, durability how, errc code) {
  {
    executor<garden> runs{made, box.options()};
    const auto ended = runs.run_to_result({}, {.thread_id = "t", .durability = how});
    REQUIRE(ended.status() == run_status::failed);
    CHECK(ended.info.error->code() == code);
    if (box.options().store) CHECK(runs.state("t").status == run_status::failed);
  }
  executor<garden> next{made, box.options()};
  CHECK(next.recovered().empty());
}

struct picky {
  std::int64_t total = 0;
  std::int64_t seen = 0;
};
constexpr auto refuses_negatives = mcp::reduce_with([](std::int64_t& current, std::int64_t&& more) {
  if (more < 0) throw std::runtime_error{"less than nothing"};
  current += more;
});
MCP_STATE(picky, (total, refuses_negatives), seen)

update<picky> adds(std::int64_t amount) {
  return update<picky>{}.set(&picky::total, amount);
}
std::string nowhere(const picky&) {
  throw std::runtime_error{"no way"};
}

std::string failure_of(const graph<picky>& made) {
  executor<picky> runs{made};
  const auto ended = runs.run_to_result({});
  REQUIRE(ended.status() == run_status::failed);
  return ended.info.error->what();
}

}  // namespace

TEST_CASE("What routers, reducers and the edge map throw says whose it is") {
  const bool beside = GENERATE(false, true);
  const auto make = [&](std::int64_t amount) {
    auto made = graph<picky>("blame")
                    .node("a", [amount](const picky&) { return adds(amount); })
                    .node("b", [](const picky&) { return adds(1); });
    made.entry_point("a");
    return beside ? made.entry_point("b") : made.edge("a", "b");
  };
  const auto router = failure_of(make(1).router("a", nowhere, {mcp::end}));
  CHECK(mentions(router, "a router of the node \"a\" threw: no way"));
  CHECK(mentions(router, "node a]"));
  const auto reducer = failure_of(make(-1).edge("b", mcp::end));
  CHECK(mentions(reducer, "the reducer of the field \"total\" threw: less than nothing"));
  CHECK(mentions(reducer, "node a]"));
  const auto early =
      failure_of(make(-1).router("a", [](const picky&) { return std::string{mcp::end}; }));
  CHECK(mentions(early, "the reducer of the field \"total\" threw: less than nothing"));
  CHECK(mentions(failure_of(make(1).edges(nowhere)), "the edge map threw: no way"));
}

TEST_CASE("A result that cannot be encoded fails its task, and its siblings are told") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync);
  SECTION("a value outside its enumeration") {
    check_ended(pair(no_colour), box, mode, errc::invalid_state);
  }
  SECTION("a value that is nested too deeply") {
    check_ended(pair(too_deep), box, mode, errc::too_large);
  }
}

TEST_CASE("A question that cannot be encoded fails its task") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync, durability::exit);
  check_ended(pair(asks_too_deep), box, mode, errc::too_large);
}

TEST_CASE("A result that cannot be encoded is retried and gives way to a fallback") {
  const scenario_store box{real_store()};
  std::atomic<int> calls{0};
  const auto bad = [&calls](const garden& s) {
    ++calls;
    return too_deep(s);
  };
  retry_policy twice{.max_attempts = 2, .initial_interval = milliseconds{1}, .jitter = false};
  auto made = graph<garden>("fallback")
                  .node("bad", bad, {.retry = twice, .fallback = "spare"})
                  .node("spare", counts)
                  .node("asks",
                        [](const garden&, context& ctx) {
                          return update<garden>{}.set(&garden::said, ctx.ask("what"));
                        })
                  .entry_point("bad")
                  .entry_point("asks");
  executor<garden> runs{made, box.options()};
  CHECK(runs.run_to_result({}, {.thread_id = "t"}).status() == run_status::interrupted);
  const auto ended = runs.resume("t", answers::only("this")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().count == 1);
  CHECK(ended.state().said == "this");
  CHECK(calls == 2);
}

TEST_CASE("Durability exit finds a result that cannot be encoded when it stores it") {
  const scenario_store box{real_store()};
  auto made =
      graph<garden>("exit").node("bad", too_deep).node("asks", [](const garden&, context& ctx) {
        return update<garden>{}.set(&garden::said, ctx.ask("what"));
      });
  made.entry_point("bad").entry_point("asks");
  check_ended(made, box, durability::exit, errc::too_large);
}

TEST_CASE("An event about a result that cannot be encoded fails the task") {
  auto made = graph<garden>("one").node("bad", no_colour).entry_point("bad");
  executor<garden> runs{made};
  const auto ended = runs.run_to_result({}, {.events = all_events});
  REQUIRE(ended.status() == run_status::failed);
  CHECK(ended.info.error->code() == errc::invalid_state);
  CHECK(ended.info.error->place().node == "bad");
}

TEST_CASE("A retry_on that throws ends the task with its own failure") {
  const scenario_store box{any_store()};
  const auto mode = GENERATE(durability::async, durability::exit);
  retry_policy policy;
  policy.retry_on = [](const failure&) -> bool { throw std::runtime_error{"predicate"}; };
  const auto throws = [](const garden&) -> update<garden> { throw std::runtime_error{"node"}; };
  check_ended(pair(throws, {.retry = policy}), box, mode, errc::node_failed);
}

}  // namespace mcp::test
