#include "actors/agent_team.hpp"

#include <atomic>
#include <thread>

namespace mcp::test {

TEST_CASE("A failure restarts what the strategy takes, of its key only", "[agent][tree]") {
  const auto [how, who, expected] = GENERATE(table<restart_strategy, std::string, words>({
      {restart_strategy::one_for_one, "bill", {"bill"}},
      {restart_strategy::one_for_all, "bill", {"cart", "bill", "parcel", "mail"}},
      {restart_strategy::rest_for_one, "bill", {"bill", "parcel", "mail"}},
      {restart_strategy::rest_for_one, "mail", {"mail"}},
      {restart_strategy::one_for_all, "parcel", {"parcel"}},
  }));
  const auto where = GENERATE(stored_in::nothing, stored_in::memory, stored_in::sqlite);
  const temporary_folder folder;
  const auto store = [&]() -> std::shared_ptr<checkpoint_store> {
    if (where == stored_in::nothing) return nullptr;
    if (where == stored_in::memory) return in_memory_checkpoint_store();
    return sqlite_checkpoint_store(folder.file("agents.db"));
  }();
  {
    agent_system agents{{.store = store, .supervision = shop_tree(how)}, shop_types()};
    fill(agents, "17");
    fill(agents, "18");
    break_member(agents, who + "/17", "out of ink");
    CHECK(fresh_members(agents, "17") == expected);
    CHECK(fresh_members(agents, "18").empty());
  }
  if (!store) return;
  agent_system next{{.store = store}, shop_types({})};
  CHECK(fresh_members(next, "17") == expected);  // durably
  CHECK(fresh_members(next, "18").empty());
}

TEST_CASE("Who is restarted because of another fails its message, but not what waits",
          "[agent][tree]") {
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)}, shop_types()};
  fill(agents, "1");
  std::promise<agent_outcome> failed;
  static_cast<void>(agents.ask_then("cart/1", wait_for_ever{}, patience,
                                    [&](agent_outcome got) { failed.set_value(std::move(got)); }));
  agents.tell("cart/1", write_line{"waited"});
  while (agents.status("cart/1").phase != agent_phase::waiting) std::this_thread::yield();
  break_member(agents, "bill/1", "out of ink");
  const auto got = failed.get_future().get();
  REQUIRE(got.error);
  CHECK(got.error->code() == errc::agent_restarted);
  CHECK(mentions(got.error->message(), "agent \"bill/1\" failed"));
  CHECK(mentions(got.error->message(), "out of ink"));
  const auto now = agents.ask("cart/1", read_all{}, patience);
  CHECK(now.sum == 0);
  CHECK(now.lines == words{"waited"});
  const auto tree = agents.tree_status();
  REQUIRE(tree.size() == 2);
  CHECK(tree[0].restarts == 1);  // that of "cart/1" was no failure
}

TEST_CASE("A durable message at work in a restarted agent is not handled again", "[agent][tree]") {
  const auto store = in_memory_checkpoint_store();
  {
    agent_system agents{{.store = store, .supervision = shop_tree(restart_strategy::one_for_all)},
                        shop_types()};
    agents.tell_durable("cart/1", wait_for_ever{});
    agents.tell_durable("cart/1", add{3});
    while (agents.status("cart/1").phase != agent_phase::waiting) std::this_thread::yield();
    break_member(agents, "bill/1");
    CHECK(member_sum(agents, "cart/1") == 3);
  }
  agent_system next{{.store = store}, shop_types({})};
  CHECK(member_sum(next, "cart/1") == 3);
}

TEST_CASE("An agent's own intensity decides when its supervisor hears of its failures",
          "[agent][tree]") {
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types({.intensity = 2})};
  for (int round = 0; round < 3; ++round) {
    fill(agents, "1");
    for (int i = 0; i < 2; ++i) break_member(agents, "cart/1");
    CHECK(fresh_members(agents, "1").empty());
    break_member(agents, "cart/1");
    CHECK(fresh_members(agents, "1") == shop_members);
  }
}

TEST_CASE("An agent that is stopped, or stops by its own choice, is no failure of its supervisor",
          "[agent][tree]") {
  auto types = shop_types();
  types[1] = member_type("bill", {.on_failure = agent_on_failure::stop});
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)}, types};
  fill(agents, "1");
  break_member(agents, "bill/1");
  agents.stop("mail/1", "no stamps");
  CHECK(member_sum(agents, "cart/1") == 5);
  REQUIRE(refusal(agents, "bill/1"));
  REQUIRE(refusal(agents, "mail/1"));
  break_member(agents, "cart/1");  // a restart starts them again
  for (const auto& type : shop_members) {
    while (refusal(agents, type + "/1"))
      std::this_thread::yield();  // their actors are on their way out
  }
  CHECK(fresh_members(agents, "1") == shop_members);
}

TEST_CASE("At the top the team is stopped, with the chain as reason, until it is revived",
          "[agent][tree]") {
  const quiet silence;
  const bool stored = GENERATE(false, true);
  const auto store = stored ? in_memory_checkpoint_store() : nullptr;
  const auto tree = shop_tree(restart_strategy::rest_for_one, {.intensity = 1}, {.intensity = 1});
  {
    agent_system agents{{.store = store, .supervision = tree}, shop_types()};
    fill(agents, "1");
    fill(agents, "2");
    break_member(agents, "parcel/1", "torn");
    CHECK(fresh_members(agents, "1") == words{"parcel"});
    break_member(agents, "parcel/1", "torn");  // too much for "shipping": a failure of its parent
    CHECK(fresh_members(agents, "1") == words{"parcel", "mail"});
    break_member(agents, "parcel/1", "torn");
    break_member(agents, "parcel/1", "lost");
    const auto reason = refusal(agents, "cart/1");
    REQUIRE(reason);
    CHECK(reason->code() == errc::agent_stopped);
    for (const char* part : {"supervisor \"orders\" gave up", "supervisor \"shipping\" gave up",
                             "agent \"parcel/1\" failed: ", "lost"}) {
      CHECK(mentions(reason->message(), part));
    }
    for (const auto& type : shop_members) CHECK(refusal(agents, type + "/1"));
    CHECK(fresh_members(agents, "2").empty());
    const auto status = agents.tree_status();
    CHECK(status.at(0).gave_up == 1);
    CHECK(status.at(1).gave_up == 2);
    REQUIRE(status.at(0).stops.size() == 1);
    CHECK(status.at(0).stops[0].key == "1");
    CHECK(status.at(0).stops[0].given_up);
    CHECK(agents.status("mail/1").stopped);
    SECTION("by one of its agents") {
      CHECK(agents.revive("mail/1"));
    }
    SECTION("as a tree") {
      CHECK(agents.revive_tree("orders"));
    }
    SECTION("as a tree, of the key") {
      CHECK(agents.revive_tree("orders", "1"));
    }
    SECTION("by the next process") {
      return;
    }
    for (const auto& type : shop_members) {
      while (refusal(agents, type + "/1")) std::this_thread::yield();
    }
    CHECK(fresh_members(agents, "1") == words{"parcel", "mail"});
    CHECK(agents.tree_status().at(0).stopped == 0);
    CHECK(!agents.revive("mail/1"));
    CHECK(!agents.revive_tree("orders"));
  }
  agent_system next{{.store = store, .supervision = tree}, shop_types()};
  CHECK(!refusal(next, "cart/1"));
}

TEST_CASE("An agent whose actor dies too often is restarted by its supervisor", "[agent][tree]") {
  const quiet silence;
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types({.intensity = 2})};
  fill(agents, "1");
  for (std::uint64_t i = 1; i <= 3; ++i) {
    CHECK(fresh_members(agents, "1").empty());
    agents.kill_actor("cart/1");
    while (agents.counts().replaced < i) std::this_thread::yield();
  }
  while (agents.tree_status().at(0).restarts == 0) std::this_thread::yield();
  for (const auto& type : shop_members) {
    while (member_sum(agents, type + "/1") != 0) std::this_thread::yield();
  }
  CHECK(agents.status("cart/1").stopped == std::nullopt);
}

TEST_CASE("An initial state that cannot be made stops the agent", "[agent][tree]") {
  std::atomic<int> made{0};
  auto types = shop_types();
  types[0] = member_type("cart").initial([&made](std::string_view) -> ledger {
    if (made++ > 0) throw std::runtime_error{"no more carts"};
    return {};
  });
  agent_system agents{{.store = in_memory_checkpoint_store(),
                       .supervision = shop_tree(restart_strategy::one_for_all)},
                      types};
  fill(agents, "1");
  break_member(agents, "bill/1");
  std::optional<error> why;
  while (!(why = refusal(agents, "cart/1"))) std::this_thread::yield();
  CHECK(mentions(why->message(), "no more carts"));
  CHECK(member_sum(agents, "bill/1") == 0);
}

TEST_CASE("Teams whose agents fail at the same time on many threads stay teams", "[agent][tree]") {
  const quiet silence;
  const bool blocking = GENERATE(false, true);
  constexpr int teams = 4;
  constexpr int rounds = 50;
  auto options = escalating;
  options.blocking = blocking;
  agent_system agents{{.store = in_memory_checkpoint_store(),
                       .supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types(options)};
  fill(agents, "calm");
  std::atomic<std::uint64_t> failures{0};
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < shop_members.size(); ++who) {
    threads.emplace_back([&, who] {
      for (int i = 0; i < rounds; ++i) {
        for (int team = 0; team < teams; ++team) {
          const auto address = shop_members[who] + "/" + std::to_string(team);
          static_cast<void>(code_of([&] { return agents.tell(address, add{1}), 0; }));
          const auto code = code_of([&] { return agents.ask(address, break_down{}, patience), 0; });
          if (code == errc::agent_failed) ++failures;
        }
      }
    });
  }
  int revived = 0;
  std::thread operators{[&] {
    for (int i = 0; i < rounds; ++i) {
      agents.stop_tree("shipping", "break", "0");
      if (agents.revive_tree("orders", "0")) ++revived;
    }
  }};
  for (auto& one : threads) one.join();
  operators.join();
  CHECK(revived == rounds);
  for (int team = 0; team < teams; ++team) {
    for (const auto& type : shop_members) {
      while (refusal(agents, type + "/" + std::to_string(team))) std::this_thread::yield();
    }
  }
  CHECK(fresh_members(agents, "calm").empty());
  const auto status = agents.tree_status();
  CHECK(status.at(0).restarts + status.at(1).restarts > 0);
  // A failure in an agent that was restarting anyway is none; each other one is a restart.
  CHECK(status.at(0).restarts + status.at(1).restarts <= failures);
}

}  // namespace mcp::test
