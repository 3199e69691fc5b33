#include "actors/scenario.hpp"
#include "actors/simulated_world.hpp"

#include <cstdlib>

#include <spdlog/spdlog.h>

namespace mcp::test {

using actors::simulated_world;
namespace {

/// Worlds that each case tries; MCP_TEST_SEED tries one alone.
constexpr std::uint64_t worlds = 300;

std::pair<std::uint64_t, std::uint64_t> seeds() {
  if (const char* given = std::getenv("MCP_TEST_SEED")) {
    const auto one = std::stoull(given);
    return {one, one + 1};
  }
  return {1, worlds + 1};
}

struct part {
  std::int64_t n = 0;
};
MCP_STRUCT(part, n)

struct part_notes {
  std::vector<std::string> log{};
};
MCP_STATE(part_notes, (log, mcp::append))

/// Restarts are meant here: not thousands of lines about them.
class quiet_log {
 public:
  quiet_log() { spdlog::set_level(spdlog::level::off); }
  ~quiet_log() { spdlog::set_level(level_); }
  quiet_log(const quiet_log&) = delete;
  quiet_log& operator=(const quiet_log&) = delete;

 private:
  spdlog::level::level_enum level_ = spdlog::get_level();
};

/// Every kind of node, a fan-out by edges and one by sends, a subgraph, a join, and a loop.
class fleet {
 public:
  explicit fleet(simulated_world& world) : world_(world) {}

  [[nodiscard]] graph<notes> make() {
    const auto pair = graph<part_notes>("pair")
                          .node("x",
                                [](const part_notes&) {
                                  return update<part_notes>{}.append(&part_notes::log, "pair.x");
                                })
                          .node("y",
                                [](const part_notes&) {
                                  return update<part_notes>{}.append(&part_notes::log, "pair.y");
                                })
                          .sequence({mcp::start, "x", "y", mcp::end});
    const node_options patient{
        .retry = retry_policy{.max_attempts = 20, .initial_interval = milliseconds{10}}};
    auto blocking = patient;
    blocking.blocking = true;
    blocking.concurrency = 2;
    return graph<notes>("fleet")
        .defaults(patient)
        .node("plan", logs("plan"))
        .node("plain", logs("plain"))
        .node("blocking", logs("blocking"), blocking)
        .node("async",
              [this](const notes&, reply<notes> answer) {
                world_.after(milliseconds{5}, [answer] {
                  answer.done(update<notes>{}.append(&notes::log, "async"));
                });
              })
        .node("pair", pair)
        .node("flaky",
              [](const notes&, context& ctx) {
                if (ctx.attempt() < 3) throw std::runtime_error{"not yet"};
                return update<notes>{}.append(&notes::log, "flaky");
              })
        .node(
            "item",
            [](const part& p) {
              return update<notes>{}.append(&notes::log, "item " + std::to_string(p.n));
            },
            blocking)
        .node("review", [](const notes&) { return update<notes>{}.set(&notes::count, 1); })
        .entry_point("plan")
        .router("plan",
                [](const notes&) {
                  routes all{"plain", "blocking", "async", "pair", "flaky"};
                  for (std::int64_t i = 0; i < 4; ++i) all.add(send("item", part{i}));
                  return all;
                },
                {"plain", "blocking", "async", "pair", "flaky", "item"})
        .join({"plain", "blocking", "async", "pair", "flaky"}, "review")
        .router("review",
                [](const notes& s) { return std::string{s.count < 2 ? "plan" : mcp::end}; },
                {"plan"});
  }

  [[nodiscard]] static words expected() {
    words once{"plan",  "async",  "blocking", "flaky",  "pair.x", "pair.y",
               "plain", "item 0", "item 1",   "item 2", "item 3"};
    auto twice = once;
    twice.insert(twice.end(), once.begin(), once.end());
    return twice;
  }

 private:
  simulated_world& world_;
};

}  // namespace

TEST_CASE("Whatever order actors work in, a run ends in the same state") {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    executor<notes> runs{ships.make(), world.options()};
    const auto ended = runs.run_to_result({});
    ended.check();
    REQUIRE(ended.state().log == fleet::expected());
  }
}

TEST_CASE("Runs side by side do not touch each other, whatever the order") {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < std::min(last, first + 30); ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    executor<notes> runs{ships.make(), world.options(in_memory_checkpoint_store())};
    std::vector<run_handle<notes>> all;
    for (int i = 0; i < 5; ++i) all.push_back(runs.start(notes{}));
    world.run();
    for (const auto& one : all) REQUIRE(one.join().state().log == fleet::expected());
  }
}

TEST_CASE("Nodes whose actors die at any moment are tried again, and nothing is lost") {
  const quiet_log quiet;
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    auto options = world.options(in_memory_checkpoint_store());
    options.supervision.intensity = 1000;
    executor<notes> runs{ships.make(), options};
    const auto run = runs.start(notes{}, {.thread_id = "t"});
    const words victims{"plan", "plain", "blocking", "async", "flaky", "item", "review"};
    for (int i = 0; i < 4; ++i) {
      world.at_step(world.random() % 400,
                    [&] { runs.base().kill_node(victims[world.random() % victims.size()], 0); });
    }
    world.run();
    const auto ended = run.join();
    ended.check();
    REQUIRE(ended.state().log == fleet::expected());
  }
}

TEST_CASE("A run cancelled or drained at any moment goes on to the same state") {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    executor<notes> runs{ships.make(), world.options(in_memory_checkpoint_store())};
    auto run = runs.start(notes{}, {.thread_id = "t"});
    for (int stops = 0;; ++stops) {
      world.at_step(world.random() % 300, [&, drain = world.random() % 2 == 0] {
        if (drain) {
          run.drain();
        } else {
          run.cancel();
        }
      });
      world.run();
      REQUIRE(run.finished());
      const auto ended = run.join();
      if (ended.done()) break;
      REQUIRE(stops < 100);
      run = runs.resume("t");
    }
    REQUIRE(runs.state("t").values.log == fleet::expected());
  }
}

TEST_CASE("A run handed over at any moment goes on with another executor to the same state") {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    const auto store = in_memory_checkpoint_store();
    std::vector<std::unique_ptr<executor<notes>>> all;
    all.push_back(std::make_unique<executor<notes>>(ships.make(), world.options(store)));
    static_cast<void>(all.back()->start(notes{}, {.thread_id = "t"}));
    while (store->last_run("t")->status != run_status::done) {
      REQUIRE(all.size() < 100);
      world.at_step(world.random() % 300, [&] { all.back()->base().hand_over(false); });
      world.at_step(world.random() % 600, [&] { all.back()->base().hand_over(true); });
      world.run();
      all.push_back(std::make_unique<executor<notes>>(ships.make(), world.options(store)));
    }
    world.run();
    REQUIRE(all.back()->state("t").values.log == fleet::expected());
  }
}

TEST_CASE("A run stopped with its executor at any moment is recovered by the next one") {
  const auto [first, last] = seeds();
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    fleet ships{world};
    const auto store = in_memory_checkpoint_store();
    auto runs = std::make_unique<executor<notes>>(ships.make(), world.options(store));
    const auto first_run = runs->start(notes{}, {.thread_id = "t"});
    bool stop = false;
    world.at_step(world.random() % 400, [&] { stop = true; });
    while (!stop && world.one_step()) {
    }
    runs.reset();
    REQUIRE(first_run.finished());
    executor<notes> next{ships.make(), world.options(store)};
    world.run();
    REQUIRE(next.state("t").values.log == fleet::expected());
  }
}

}  // namespace mcp::test
