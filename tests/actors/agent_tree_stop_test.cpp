#include "actors/agent_team.hpp"
#include "support/failing_store.hpp"

#include <thread>

namespace mcp::test {

TEST_CASE("A stopped tree refuses, also agents that wake later, until it is revived",
          "[agent][tree]") {
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)}, shop_types()};
  fill(agents, "1");
  agents.stop_tree("shipping", "strike");
  for (const char* address : {"parcel/1", "parcel/never"}) {
    const auto reason = refusal(agents, address);
    REQUIRE(reason);
    CHECK(reason->code() == errc::agent_stopped);
    CHECK(mentions(reason->message(), "strike"));
    CHECK(agents.status(address).stopped);
    CHECK(!agents.revive(address));
  }
  agents.stop("parcel/other", "is stopped anyway");
  break_member(agents, "cart/1");  // restarts nothing that is stopped
  CHECK(!refusal(agents, "mail/1"));
  CHECK(refusal(agents, "parcel/1"));
  CHECK(agents.revive_tree("shipping"));
  CHECK(!agents.revive_tree("shipping"));
  while (refusal(agents, "parcel/1")) std::this_thread::yield();
  CHECK(member_sum(agents, "parcel/1") == 5);
  CHECK(!refusal(agents, "parcel/never"));
}

TEST_CASE("A tree can be stopped for one key", "[agent][tree]") {
  agent_system agents{{.supervision = shop_tree(restart_strategy::one_for_all)}, shop_types()};
  fill(agents, "1");
  fill(agents, "2");
  agents.stop_tree("orders", "fraud", "1");
  for (const auto& type : shop_members) CHECK(refusal(agents, type + "/1"));
  CHECK(fresh_members(agents, "2").empty());
  CHECK(!agents.revive_tree("orders", "2"));
  CHECK(agents.revive_tree("orders", "1"));
  for (const auto& type : shop_members) {
    while (refusal(agents, type + "/1")) std::this_thread::yield();
  }
  CHECK(fresh_members(agents, "1").empty());
}

TEST_CASE("A stopped tree stays stopped in the next process; durable messages wait for its revival",
          "[agent][tree]") {
  const temporary_folder folder;
  const bool on_disk = GENERATE(true, false);
  const bool one_key = GENERATE(false, true);
  const std::string key = one_key ? "1" : "";
  const auto memory = in_memory_checkpoint_store();
  const auto options = [&]() -> agent_system_options {
    return {.store = on_disk ? sqlite_checkpoint_store(folder.file("agents.db")) : memory,
            .supervision = shop_tree(restart_strategy::one_for_all)};
  };
  {
    agent_system agents{options(), shop_types()};
    fill(agents, "2");
    agents.tell_durable("parcel/1", wait_for_ever{});
    agents.tell_durable("parcel/1", add{40});
    agents.stop_tree("orders", "flood", key);
    CHECK(code_of([&] { return agents.tell_durable("parcel/1", add{1}), 0; }) ==
          errc::agent_stopped);
  }
  for (int life = 0; life < 2; ++life) {
    auto types = shop_types();
    types[2] = agent<ledger>("parcel")
                   .on([](ledger& s, const add& m) { return s.sum += m.by; })
                   .on([](const ledger& s, const read_all&) { return s; })
                   .on([](ledger& s, const wait_for_ever&) { ++s.sum; });
    agent_system agents{options(), types};
    for (const char* address : {"cart/1", "parcel/1"}) {
      const auto reason = refusal(agents, address);
      REQUIRE(reason);
      CHECK(reason->code() == errc::agent_stopped);
      CHECK(mentions(reason->message(), "flood"));
    }
    CHECK(refusal(agents, "mail/2").has_value() == !one_key);
    CHECK(agents.counts().awake == (one_key ? 1U : 0U));
    const auto status = agents.tree_status();
    REQUIRE(status.at(0).stops.size() == 1);
    CHECK(!status.at(0).stops[0].given_up);
    CHECK(status.at(0).stops[0].key == key);
    if (life == 0) continue;
    CHECK(agents.revive_tree("orders", key));
    while (agents.status("parcel/1").handled < 2) std::this_thread::yield();  // it was woken
    CHECK(member_sum(agents, "parcel/1") == 41);
  }
  agent_system last{options(), shop_types()};
  CHECK(!refusal(last, "cart/1"));
}

TEST_CASE("Stopping again and again leaves no more behind than is stopped", "[agent][tree]") {
  const auto store = in_memory_checkpoint_store();
  agent_system agents{{.store = store, .supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types()};
  for (int i = 0; i < 20; ++i) {
    agents.stop_tree("orders", "x", std::to_string(i));
    agents.stop_tree("shipping", "y");
    CHECK(agents.revive_tree("orders"));
  }
  const auto found = store->load("agents//stopped", "");
  REQUIRE(found);
  CHECK(found->journal.size() == 2);
  CHECK(store->history("agents//stopped", "", {}).size() == 1);
}

TEST_CASE("A stop that cannot be stored says so, and holds in this process", "[agent][tree]") {
  const auto store = std::make_shared<failing_store>(GENERATE(false, true));
  agent_system agents{{.store = store, .supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types()};
  store->broken = true;
  CHECK(code_of([&] { return agents.stop_tree("orders", "x"), 0; }) == errc::store_full);
  CHECK(refusal(agents, "cart/1"));
  store->broken = false;
  agents.stop_tree("orders", "again");
  CHECK(store->load("agents//stopped", "", std::nullopt));
}

TEST_CASE("Wrong trees, supervisors and types are refused with what is wrong", "[agent][tree]") {
  const auto refused = [](agent_system_options options, std::vector<agent_spec> types) {
    try {
      const agent_system agents{std::move(options), std::move(types)};
    } catch (const error& what) {
      CHECK(what.code() == errc::invalid_argument);
      return what.message();
    }
    return std::string{};
  };
  const auto text = refused({.supervision = {supervisor("a/b", restart_strategy::one_for_one, {},
                                                        {"crat", "bill", "bill"})}},
                            shop_types());
  for (const char* part :
       {"without '/'", "did you mean \"cart\"", "\"bill\" has a supervisor already",
        "\"mail\" has on_failure escalate, and no supervisor"}) {
    INFO(part);
    CHECK(mentions(text, part));
  }
  agent_system none{{}, {ledger_type()}};
  CHECK(code_of([&] { return none.stop_tree("orders", "x"), 0; }) == errc::invalid_argument);
  CHECK(none.tree_status().empty());
  CHECK(code_of([&] { return none.add(member_type("cart")), 0; }) == errc::invalid_argument);
  agent_system some{{.supervision = shop_tree(restart_strategy::one_for_all)}, shop_types()};
  CHECK(code_of([&] { return some.revive_tree("shiping"); }) == errc::invalid_argument);
  CHECK(code_of([&] { return some.stop_tree("orders", "x", std::string(600, 'k')), 0; }) ==
        errc::invalid_argument);
}

TEST_CASE("A type that is added later has the supervisor that the tree names", "[agent][tree]") {
  agent_system agents{{.supervision = {supervisor("orders", restart_strategy::one_for_all, {},
                                                  {"cart", supervised_child::later("refund")})}},
                      {member_type("cart")}};
  static_cast<void>(agents.ask("cart/1", add{5}, patience));
  break_member(agents, "cart/1");
  agents.add(member_type("refund"));
  static_cast<void>(agents.ask("cart/1", add{5}, patience));
  static_cast<void>(agents.ask("refund/1", add{5}, patience));
  break_member(agents, "refund/1");
  CHECK(member_sum(agents, "cart/1") == 0);
  CHECK(member_sum(agents, "refund/1") == 0);
}

}  // namespace mcp::test
