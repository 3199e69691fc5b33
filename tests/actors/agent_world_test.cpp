// Agents on CAF's test scheduler: virtual time, and every order of messages, jobs and timers.

#include "actors/agent_scenario.hpp"
#include "support/forwarding_store.hpp"

#include <cstdlib>

#include <spdlog/spdlog.h>

namespace mcp::test {
namespace {

std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t count) {
  if (const char* given = std::getenv("MCP_TEST_SEED")) {
    const auto one = std::stoull(given);
    return {one, one + 1};
  }
  return {1, count + 1};
}

/// Says that it blocks, so that agents are loaded by jobs of the world's workers.
class slow_store final : public forwarding_store {
 public:
  slow_store() : forwarding_store(in_memory_checkpoint_store()) {}
  [[nodiscard]] bool blocking() const noexcept override { return true; }
};

/// What an agent keeps. Time may jump over the timeout of an ask: it is asked again then.
ledger state_of(agent_system& agents, const std::string& address) {
  for (;;) {
    try {
      return agents.ask(address, read_all{}, patience);
    } catch (const error& what) {
      if (what.code() != errc::call_timeout) throw;
    }
  }
}

words lines_of(agent_system& agents, const std::string& address) {
  return state_of(agents, address).lines;
}

std::int64_t sum_of(agent_system& agents, const std::string& address) {
  return state_of(agents, address).sum;
}

}  // namespace

TEST_CASE("An agent falls asleep exactly when its time is over, and wakes with its state",
          "[agent]") {
  const bool stored = GENERATE(false, true);
  simulated_world world{1, true};
  agent_system agents{
      {.store = stored ? in_memory_checkpoint_store() : nullptr, .runtime = world.runtime()},
      {ledger_type({.idle = milliseconds{5000}})}};
  const auto awake_after = [&](milliseconds time) {
    std::size_t awake = 99;
    world.after(time, [&] { awake = agents.counts().awake; });
    while (awake == 99 && world.one_step()) {
    }
    return awake;
  };
  agents.tell("ledger/a", add{3});
  CHECK(awake_after(milliseconds{3000}) == 1);
  agents.tell("ledger/a", add{1});
  CHECK(awake_after(milliseconds{4999}) == 1);
  CHECK(awake_after(milliseconds{2}) == 0);
  CHECK(agents.counts().asleep == (stored ? 0U : 1U));
  CHECK(agents.status("ledger/a").phase == agent_phase::gone);
  CHECK(agents.ask("ledger/a", read_all{}, patience).sum == 4);
  CHECK(agents.counts().woken == 2);
}

TEST_CASE("An agent that is as it was made leaves nothing behind", "[agent]") {
  simulated_world world{1, true};
  agent_system agents{{.runtime = world.runtime()}, {ledger_type({.idle = milliseconds{5}})}};
  agents.tell("ledger/a", add{0});
  world.run();
  CHECK(agents.counts().awake == 0);
  CHECK(agents.counts().asleep == 0);
}

TEST_CASE("An ask ends at its timeout; the late answer is dropped", "[agent]") {
  simulated_world world{1, true};
  std::vector<agent_later<ledger>> kept;
  int late = 0;
  const auto type = agent<ledger>("silent").on([&](ledger& s, const add&, agent_context& ctx) {
    ++s.sum;
    kept.push_back(ctx.later<ledger>());
  });
  agent_system agents{{.runtime = world.runtime()}, {type}};
  const auto began = world.now();
  std::optional<milliseconds> took;
  std::optional<error> failed;
  int heard = 0;
  static_cast<void>(
      agents.ask_then("silent/a", add{}, milliseconds{1500}, [&](const agent_outcome& got) {
        ++heard;
        took = world.now() - began;
        failed = got.error;
      }));
  world.run();
  REQUIRE(failed);
  CHECK(failed->code() == errc::call_timeout);
  CHECK(mentions(failed->message(), "\"add\" to agent \"silent/a\""));
  CHECK(took == milliseconds{1500});
  REQUIRE(kept.size() == 1);
  kept[0].resume([&](ledger&, agent_context& ctx) {
    ++late;
    ctx.reply(std::int64_t{1});
  });
  world.run();
  CHECK(late == 1);  // the message itself is done all the same
  CHECK(heard == 1);
  kept.clear();
}

TEST_CASE("A handler's question ends at its timeout, and the message goes on", "[agent]") {
  simulated_world world{1, true};
  std::vector<agent_later<ledger>> kept;
  const auto silent = agent<ledger>("silent").on(
      [&](ledger&, const add&, agent_context& ctx) { kept.push_back(ctx.later<ledger>()); });
  agent_system agents{{.runtime = world.runtime()}, {silent, ledger_type()}};
  CHECK(code_of([&] {
          return agents.ask<int>("ledger/a", add_there{"silent/x", 1, 700}, patience);
        }) == errc::call_timeout);
  CHECK(agents.ask("ledger/a", add{1}, patience) == 1);
  kept.clear();
}

TEST_CASE("A message to itself comes after its delay, also to an agent asleep", "[agent]") {
  simulated_world world{1, true};
  std::vector<milliseconds> times;
  const auto type = agent<ledger>("clock")
                        .on([&](ledger& s, const add& m, agent_context& ctx) {
                          times.push_back(world.now());
                          if (s.sum++ < 3) ctx.schedule(milliseconds{60'000}, add{m.by});
                          return s.sum;
                        })
                        .options({.idle = milliseconds{1000}});
  agent_system agents{{.runtime = world.runtime()}, {type}};
  agents.tell("clock/a", add{});
  world.run();
  REQUIRE(times.size() == 4);
  for (std::size_t i = 1; i < times.size(); ++i) {
    CHECK(times[i] - times[i - 1] == milliseconds{60'000});
  }
  CHECK(agents.counts().woken == 4);
}

TEST_CASE("Timers are bounded", "[agent]") {
  simulated_world world{1, true};
  const auto type = agent<ledger>("clock")
                        .on([&](ledger& s, const add&, agent_context& ctx) {
                          ctx.schedule(milliseconds{60'000}, write_line{});
                          return ++s.sum;
                        })
                        .on([](ledger&, const write_line&) {});
  agent_system agents{{.runtime = world.runtime(), .max_timers = 1}, {type}};
  std::vector<std::optional<error>> heard;
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(
        agents.ask_then("clock/a", add{}, milliseconds{10},
                        [&](const agent_outcome& got) { heard.push_back(got.error); }));
  }
  world.run();
  REQUIRE(heard.size() == 2);
  CHECK(!heard[0]);
  REQUIRE(heard[1]);
  CHECK(heard[1]->code() == errc::overloaded);
}

TEST_CASE("Whatever the order, a message that meets an agent falling asleep is handled once",
          "[agent]") {
  const auto [first, last] = seeds(400);
  const bool stored = GENERATE(false, true);
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed, seed % 2 == 0};
    const auto store = stored ? std::make_shared<slow_store>() : nullptr;
    agent_system agents{{.store = store, .runtime = world.runtime()},
                        {ledger_type({.idle = milliseconds{10}})}};
    words expected;
    for (int i = 0; i < 20; ++i) {
      expected.push_back(std::to_string(i));
      // About when the agent falls asleep, a little before and a little after.
      const auto at = static_cast<std::int64_t>(world.random() % 3) + i * 10;
      world.after(milliseconds{at},
                  [&agents, i] { agents.tell("ledger/a", write_line{std::to_string(i)}); });
    }
    world.run();
    REQUIRE(agents.counts().awake == 0);
    REQUIRE(lines_of(agents, "ledger/a") == expected);
  }
}

TEST_CASE("Agents whose actors die at any moment lose no message and repeat none", "[agent]") {
  const auto level = spdlog::get_level();
  spdlog::set_level(spdlog::level::off);
  const auto [first, last] = seeds(200);
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed, true};  // no ask may time out
    agent_options options;
    options.intensity = 1000;
    options.blocking = seed % 2 == 0;
    agent_system agents{{.store = std::make_shared<slow_store>(), .runtime = world.runtime()},
                        {ledger_type(options)}};
    int durable = 0;
    for (int i = 0; i < 10; ++i) {
      agents.tell("ledger/a", add{1});
      agents.send_durable_then(
          "ledger/b", detail::make_agent_message(add{1}), {},
          [&](const std::optional<error>& failed) { durable += failed ? 0 : 1; });
      agents.tell("ledger/c", add_there{"ledger/d", 1});
      for (const char* who : {"ledger/a", "ledger/b", "ledger/c", "ledger/d"}) {
        world.at_step(world.random() % 300, [&agents, who] { agents.kill_actor(who); });
      }
    }
    world.run();
    CHECK(durable == 10);
    for (const char* who : {"ledger/a", "ledger/b", "ledger/d"}) {
      REQUIRE(sum_of(agents, who) == 10);
    }
    REQUIRE(sum_of(agents, "ledger/c") == 55);
  }
  spdlog::set_level(level);
}

TEST_CASE("A system stopped at any moment hands its durable messages to the next one", "[agent]") {
  const auto [first, last] = seeds(300);
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed};
    const auto store = std::make_shared<slow_store>();
    int accepted = 0;
    agent_system* open = nullptr;
    {
      agent_system agents{{.store = store, .runtime = world.runtime()},
                          {ledger_type({.idle = milliseconds{3}})}};
      open = &agents;
      for (int i = 0; i < 10; ++i) {
        world.after(milliseconds{i}, [&] {
          if (open == nullptr) return;
          open->send_durable_then(
              "ledger/a", detail::make_agent_message(add{1}), {},
              [&](const std::optional<error>& failed) { accepted += failed ? 0 : 1; });
        });
      }
      for (auto steps = world.random() % 120; steps > 0 && world.one_step(); --steps) {
      }
      open = nullptr;
    }
    agent_system next{{.store = store, .runtime = world.runtime()}, {ledger_type()}};
    world.run();
    REQUIRE(sum_of(next, "ledger/a") == accepted);
    const auto listed = store->run("agents/ledger/a");
    if (listed) REQUIRE(listed->status == run_status::done);
  }
}

TEST_CASE("A hundred thousand agents asleep cost what they keep", "[agent]") {
  constexpr std::size_t count = 100'000;
  simulated_world world{1, true};
  agent_system agents{{.runtime = world.runtime()}, {ledger_type({.idle = milliseconds{1}})}};
  for (std::size_t i = 0; i < count; ++i) {
    agents.tell("ledger/" + std::to_string(i), add{static_cast<std::int64_t>(i)});
    if (i % 1000 == 999) world.run();
  }
  CHECK(agents.counts().awake == 0);
  CHECK(agents.counts().asleep == count - 1);  // number 0 is as it was made
  CHECK(agents.ask("ledger/99999", add{1}, patience) == 100'000);
  CHECK(agents.ask("ledger/5", add{1}, patience) == 6);
}

TEST_CASE("The number of agents in memory is bounded", "[agent]") {
  agent_system agents{{.max_agents = 2}, {ledger_type()}};
  agents.tell("ledger/a", add{});
  agents.tell("ledger/b", add{});
  CHECK(code_of([&] { return agents.tell("ledger/c", add{}), 0; }) == errc::overloaded);
  agents.tell("ledger/a", add{});
}

}  // namespace mcp::test
