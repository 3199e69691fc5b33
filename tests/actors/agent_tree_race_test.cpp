// Restarts and stops that meet each other on the threads of the runtime.

#include "actors/agent_team.hpp"
#include "support/forwarding_store.hpp"

#include <atomic>
#include <thread>

namespace mcp::test {
namespace {

/// Does not block, but for the first stop of a tree: that one waits at the door.
class guarded_store final : public forwarding_store {
 public:
  guarded_store() : forwarding_store(in_memory_checkpoint_store()) {}
  [[nodiscard]] bool blocking() const noexcept override { return false; }
  void write(std::span<const store_write> batch) override {
    for (const auto& one : batch) {
      const auto* entry = std::get_if<put_journal>(&one);
      if (entry == nullptr || entry->thread_id != "agents//stopped") continue;
      began.open();
      gate.wait();
    }
    forwarding_store::write(batch);
  }

  door began;
  door gate;
};

/// Like a member of the shop, but one that stands in its door while it adds.
auto slow_type(const std::string& type, door& began, door& gate) {
  return agent<ledger>(type)
      .on([&](ledger& s, const add& m) {
        if (m.by == 0) return s.sum;
        began.open();
        gate.wait();
        return s.sum += m.by;
      })
      .on([](const ledger& s, const read_all&) { return s; })
      .options({.on_failure = agent_on_failure::escalate, .blocking = true});
}

}  // namespace

TEST_CASE("Two agents of a team that fail at the same time are restarted once", "[agent][tree]") {
  const auto store = std::make_shared<guarded_store>();
  const opens_at_end opens{store->gate};
  agent_system agents{{.store = store, .supervision = shop_tree(restart_strategy::one_for_all)},
                      shop_types()};
  fill(agents, "1");
  std::thread other{[&] { agents.stop_tree("shipping", "elsewhere", "2"); }};
  store->began.wait();  // nothing is decided before this is done
  for (const char* address : {"cart/1", "bill/1"}) {
    agents.tell(address, break_down{});
    while (agents.status(address).failed == 0) std::this_thread::yield();
  }
  store->gate.open();
  other.join();
  while (agents.tree_status().at(0).restarts == 0) std::this_thread::yield();
  CHECK(fresh_members(agents, "1") == shop_members);
  CHECK(agents.tree_status().at(0).restarts == 1);
}

TEST_CASE("No agent of a restart goes on before all of them are told", "[agent][tree]") {
  constexpr int members = 300;
  std::vector<supervised_child> children;
  std::vector<agent_spec> types{silent_type()};
  for (int i = 0; i < members; ++i) {
    children.emplace_back("t" + std::to_string(i));
    types.push_back(member_type("t" + std::to_string(i)));
  }
  agent_system agents{{.supervision = {supervisor("all", restart_strategy::one_for_all,
                                                  {.intensity = 1000}, children)}},
                      types};
  const auto address = [](int member) { return "t" + std::to_string(member) + "/1"; };
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < members; ++i) static_cast<void>(agents.ask(address(i), add{1}, patience));
    // The last one, which is told first, has something to say to the first as soon as it may.
    agents.tell(address(members - 1), wait_for_ever{});
    agents.tell(address(members - 1), pass_on{address(0), "new"});
    while (agents.status(address(members - 1)).phase != agent_phase::waiting) {
      std::this_thread::yield();
    }
    agents.tell(address(0), write_line{"old"});
    break_member(agents, address(members / 2));
    CHECK(member_sum(agents, address(members - 1)) == 1);
    const auto heard = agents.ask("t0/1", read_all{}, patience).lines;
    REQUIRE(!heard.empty());
    CHECK(heard.back() == "new");
  }
}

TEST_CASE("An agent on its way out is restarted, or revived, when it is out", "[agent][tree]") {
  const bool revived = GENERATE(false, true);
  const auto store = GENERATE(false, true) ? in_memory_checkpoint_store() : nullptr;
  door began;
  door gate;
  const opens_at_end opens{gate};
  auto types = shop_types();
  types[1] = slow_type("bill", began, gate);
  agent_system agents{{.store = store, .supervision = shop_tree(restart_strategy::one_for_all)},
                      types};
  agents.tell("bill/1", add{5});
  began.wait();
  if (revived) {
    agents.stop_tree("orders", "for a moment");
    CHECK(agents.revive_tree("orders"));
  } else {
    agents.stop("bill/1", "alone");
    break_member(agents, "cart/1");
  }
  CHECK(refusal(agents, "bill/1"));  // still at its message
  gate.open();
  while (refusal(agents, "bill/1")) std::this_thread::yield();
  CHECK(member_sum(agents, "bill/1") == (revived ? 5 : 0));
}

TEST_CASE("A stop that comes after a restart was ordered counts", "[agent][tree]") {
  door began;
  door gate;
  const opens_at_end opens{gate};
  auto types = shop_types();
  types[1] = slow_type("bill", began, gate);
  agent_system agents{{.store = in_memory_checkpoint_store(),
                       .supervision = shop_tree(restart_strategy::one_for_all)},
                      types};
  agents.tell("bill/1", add{5});
  began.wait();
  agents.stop("bill/1", "alone");
  break_member(agents, "cart/1");  // it is to start again when it is out
  agents.stop_tree("orders", "strike");
  gate.open();
  while (agents.status("bill/1").phase != agent_phase::stopped) std::this_thread::yield();
  CHECK(refusal(agents, "bill/1"));
  CHECK(agents.revive_tree("orders"));
  while (refusal(agents, "bill/1")) std::this_thread::yield();
  CHECK(member_sum(agents, "bill/1") == 5);
}

}  // namespace mcp::test
