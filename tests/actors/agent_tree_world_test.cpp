// Supervised agents on CAF's test scheduler: virtual time, and every order of what happens.

#include "actors/agent_team.hpp"
#include "support/forwarding_store.hpp"

#include <cstdlib>

namespace mcp::test {
namespace {

std::pair<std::uint64_t, std::uint64_t> tree_seeds(std::uint64_t count) {
  if (const char* given = std::getenv("MCP_TEST_SEED")) {
    const auto one = std::stoull(given);
    return {one, one + 1};
  }
  return {1, count + 1};
}

/// Says that it blocks, so that agents are loaded by jobs of the world's workers.
class remote_store final : public forwarding_store {
 public:
  remote_store() : forwarding_store(in_memory_checkpoint_store()) {}
  [[nodiscard]] bool blocking() const noexcept override { return true; }
};

ledger ledger_of(agent_system& agents, const std::string& address) {
  for (;;) {
    try {
      return agents.ask(address, read_all{}, patience);
    } catch (const error& what) {
      if (what.code() != errc::call_timeout) throw;
    }
  }
}

}  // namespace

TEST_CASE("Restarts count within the period, to the millisecond", "[agent][tree]") {
  const auto [apart, restarts] = GENERATE(table<int, std::uint64_t>({{501, 10}, {500, 2}}));
  const quiet silence;
  simulated_world world{1, true};
  agent_system agents{{.runtime = world.runtime(),
                       .supervision = shop_tree(restart_strategy::one_for_one,
                                                {.intensity = 2, .period = milliseconds{1000}})},
                      shop_types()};
  for (int i = 0; i < 10; ++i) {
    world.after(milliseconds{i * apart}, [&] {
      static_cast<void>(code_of([&] { return agents.tell("cart/1", break_down{}), 0; }));
    });
  }
  world.run();
  CHECK(agents.tree_status().at(0).restarts == restarts);
  CHECK((agents.status("cart/1").phase == agent_phase::stopped) == (restarts == 2));
}

TEST_CASE("Agents asleep get their initial state too; none is made that was not there",
          "[agent][tree]") {
  const bool stored = GENERATE(false, true);
  const auto idle = GENERATE(milliseconds{10}, milliseconds{0});
  simulated_world world{1, true};
  const auto store = stored ? std::make_shared<remote_store>() : nullptr;
  auto options = escalating;
  options.idle = milliseconds{10};
  agent_options others{.idle = idle};
  {
    agent_system first{{.store = store, .runtime = world.runtime()}, {member_type("bill", others)}};
    if (stored) static_cast<void>(first.ask("bill/1", add{5}, patience));
  }
  agent_system agents{{.store = store,
                       .runtime = world.runtime(),
                       .supervision = {supervisor("orders", restart_strategy::one_for_all, {},
                                                  {"cart", "bill", "parcel", "mail"})}},
                      {member_type("cart", options), member_type("bill", others),
                       member_type("parcel", options), member_type("mail", others)}};
  static_cast<void>(agents.ask("parcel/1", add{5}, patience));
  if (!stored) static_cast<void>(agents.ask("bill/1", add{5}, patience));
  world.run();
  agents.tell("cart/1", break_down{});
  world.run();
  const bool awake = !stored && idle.count() == 0;  // "bill/1" was, and never sleeps
  CHECK(agents.counts().awake == (awake ? 1U : 0U));
  CHECK(agents.counts().asleep == 0);
  if (stored) CHECK(!store->load("agents/mail/1", "", std::nullopt));
  CHECK(ledger_of(agents, "bill/1").sum == 0);
  CHECK(ledger_of(agents, "parcel/1").sum == 0);
}

TEST_CASE("What a restarted agent sends is handled by the others after their restart, in any order",
          "[agent][tree]") {
  const auto [first, last] = tree_seeds(300);
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed, true};
    auto options = escalating;
    options.idle = milliseconds{5};
    options.blocking = seed % 3 == 0;
    const bool stored = seed % 2 == 0;
    agent_system agents{{.store = stored ? std::make_shared<remote_store>() : nullptr,
                         .runtime = world.runtime(),
                         .supervision = shop_tree(restart_strategy::one_for_all)},
                        shop_types(options)};
    for (const auto& type : shop_members) {
      agents.tell(type + "/1", write_line{"old"});
      if (seed % 5 == 0) world.run();  // asleep
    }
    const auto who = shop_members[world.random() % shop_members.size()];
    for (auto steps = world.random() % 40; steps > 0 && world.one_step(); --steps) {
    }
    agents.tell(who + "/1", break_down{});
    for (const auto& type : shop_members) {
      agents.tell(who + "/1", pass_on{type + "/1", "new"});  // waits, and is handled afterwards
    }
    world.run();
    REQUIRE(agents.tree_status().at(0).restarts + agents.tree_status().at(1).restarts == 1);
    for (const auto& type : shop_members) {
      const bool alone = who == "parcel";  // of "shipping", which restarts it alone
      const auto lines = ledger_of(agents, type + "/1").lines;
      REQUIRE(!lines.empty());
      REQUIRE(lines.back() == "new");
      if (alone && type != who) REQUIRE(lines == words{"old", "new"});
    }
    REQUIRE(ledger_of(agents, who + "/1").sum == 4);
  }
}

TEST_CASE("Whatever fails, dies and is stopped when: teams end in one piece", "[agent][tree]") {
  const quiet silence;
  const auto [first, last] = tree_seeds(300);
  for (auto seed = first; seed < last; ++seed) {
    INFO("MCP_TEST_SEED=" << seed);
    simulated_world world{seed, true};
    auto options = escalating;
    options.idle = milliseconds{3};
    options.intensity = 3;
    options.blocking = seed % 2 == 0;
    const auto store = seed % 3 == 0 ? nullptr : std::make_shared<remote_store>();
    const auto strategy = static_cast<restart_strategy>(seed % 3);
    agent_system agents{
        {.store = store,
         .runtime = world.runtime(),
         .supervision = shop_tree(strategy, {.intensity = static_cast<int>(world.random() % 4)},
                                  {.intensity = 1})},
        shop_types(options)};
    for (int i = 0; i < 40; ++i) {
      const auto address = shop_members[world.random() % shop_members.size()] + "/" +
                           std::to_string(world.random() % 2);
      const auto what = world.random() % 8;
      const auto act = [&agents, address, what] {
        static_cast<void>(code_of([&] {
          if (what < 2) agents.tell(address, break_down{});
          if (what == 2) agents.kill_actor(address);
          if (what == 3) agents.stop(address, "alone");
          if (what == 4) static_cast<void>(agents.revive(address));
          if (what > 4) agents.tell(address, add{1});
          return 0;
        }));
      };
      if (world.random() % 2 == 0) {
        world.at_step(world.random() % 400, act);
      } else {
        world.after(milliseconds{world.random() % 20}, act);
      }
    }
    world.run();
    if (seed % 2 == 0) agents.stop_tree("shipping", "for a moment");
    world.run();
    static_cast<void>(agents.revive_tree("orders"));
    world.run();
    for (const auto& type : shop_members) {
      for (const char* key : {"0", "1"}) {
        const auto address = type + "/" + key;
        static_cast<void>(agents.revive(address));  // stopped alone
        world.run();
        REQUIRE(ledger_of(agents, address).sum < 1'000'000);
      }
    }
    world.run();
    REQUIRE(agents.counts().awake == 0);
  }
}

}  // namespace mcp::test
