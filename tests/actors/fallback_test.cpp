// A fallback and the node it stands in for keep their questions and effects apart.

#include "actors/scenario.hpp"
#include "mcp/json.hpp"
#include "support/forwarding_store.hpp"

#include <algorithm>
#include <set>

namespace mcp::test {
namespace {

/// The node asks, does something, and fails; so does its first fallback; the last one succeeds.
class chain_of_three {
 public:
  graph<notes> made() {
    return graph<notes>("three")
        .node("a", [this](const notes&, context& ctx) { return fails(ctx); }, {.fallback = "b"})
        .node("b", [this](const notes&, context& ctx) { return fails(ctx); }, {.fallback = "c"})
        .node("c", [this](const notes&,
                          context& ctx) { return update<notes>{}.append(&notes::log, works(ctx)); })
        .entry_point("a");
  }

  std::vector<std::string> calls{};  ///< the nodes, in the order of their effects
  std::set<std::string> keys{};      ///< idempotency keys

 private:
  update<notes> fails(context& ctx) {
    const auto line = works(ctx);
    throw std::runtime_error{line};
  }
  std::string works(context& ctx) {
    const std::string me{ctx.info().node};
    const auto post = ctx.once("post", [&](const std::string& key) {
      calls.push_back(me);
      keys.insert(key);
      return "by " + me;
    });
    const auto heard = ctx.ask("question of " + me);
    return me + ": " + post + ", " + heard +
           (ctx.failure() ? " after " + ctx.failure()->message() : "");
  }
};

/// A store as an earlier version left it: its checkpoints do not say that fallbacks have ids.
class older_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;
  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    auto found = inner().load(thread_id, ns, id);
    if (!found) return found;
    auto body = nlohmann::json::parse(cbor_to_json(found->bodies.back()));
    stripped += body.erase("f");
    found->bodies.back() = json_to_cbor(body.dump());
    return found;
  }
  std::size_t stripped = 0;
};

}  // namespace

TEST_CASE(
    "A fallback is asked for itself, after a restart too, and the failed node is not called") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync, durability::exit);
  const bool restarts = GENERATE(false, true);
  chain_of_three three;
  const auto made = three.made();
  auto runs = std::make_unique<executor<notes>>(made, box.options());
  auto stopped = runs->run_to_result({}, {.thread_id = "t", .durability = mode});
  for (const std::string node : {"a", "b", "c"}) {
    REQUIRE(stopped.status() == run_status::interrupted);
    REQUIRE(stopped.interrupts().size() == 1);
    CHECK(stopped.interrupts().front().question == "\"question of " + node + "\"");
    if (restarts) {
      runs.reset();
      runs = std::make_unique<executor<notes>>(made, box.options());
    }
    stopped = runs->resume("t", answers::only("heard by " + node)).join();
  }
  REQUIRE(stopped.done());
  CHECK(stopped.state().log ==
        words{"c: by c, heard by c after b: by b, heard by b after a: by a, heard by a"});
  CHECK(three.calls == words{"a", "b", "c"});
  CHECK(three.keys.size() == 3);
}

TEST_CASE("A node whose fallback waits is not called again when the run goes on") {
  const scenario_store box{real_store()};
  const auto mode = GENERATE(durability::async, durability::sync, durability::exit);
  std::atomic<int> calls{0};
  auto made = graph<notes>("one")
                  .node("a",
                        [&calls](const notes&) -> update<notes> {
                          ++calls;
                          throw std::runtime_error{"down"};
                        },
                        {.fallback = "spare"})
                  .node("spare",
                        [](const notes&, context& ctx) {
                          return update<notes>{}.set(&notes::answer, ctx.ask("what now"));
                        })
                  .entry_point("a");
  executor<notes> runs{made, box.options()};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t", .durability = mode}));
  CHECK(runs.resume("t").join().status() == run_status::interrupted);
  CHECK(runs.resume("t", answers::only("wait")).join().state().answer == "wait");
  CHECK(calls == 1);
}

TEST_CASE("A superstep that an earlier version planned keeps the ids that it gave") {
  const auto older = std::make_shared<older_store>(in_memory_checkpoint_store());
  std::vector<std::string> ids;
  auto made = graph<notes>("old")
                  .node("a",
                        [&ids](const notes&, context& ctx) -> update<notes> {
                          ids.push_back(ctx.task_id());
                          throw std::runtime_error{"down"};
                        },
                        {.fallback = "spare"})
                  .node("spare",
                        [&ids](const notes&, context& ctx) {
                          ids.push_back(ctx.task_id());
                          const auto post = ctx.once("post", [] { return std::string{"posted"}; });
                          return update<notes>{}.set(&notes::answer, post + ctx.ask(", and"));
                        })
                  .entry_point("a");
  executor<notes> runs{made, {.store = older}};
  static_cast<void>(runs.run_to_result({}, {.thread_id = "t", .interrupt_before = {"a"}}));
  const auto asked = runs.resume("t").join();
  REQUIRE(asked.interrupts().size() == 1);
  CHECK(older->stripped > 0);
  CHECK(runs.resume("t", answers::only(" heard")).join().state().answer == "posted heard");
  REQUIRE(ids.size() >= 3);
  CHECK(std::count(ids.begin(), ids.end(), ids.front()) == static_cast<std::ptrdiff_t>(ids.size()));
}

}  // namespace mcp::test
