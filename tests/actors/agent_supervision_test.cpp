#include "actors/agent_scenario.hpp"

#include <spdlog/spdlog.h>

namespace mcp::test {
namespace {

std::optional<errc> outcome_of(agent_system& agents, const std::string& address) {
  return code_of([&] { return agents.ask(address, add{}, patience); });
}

void fail(agent_system& agents, const std::string& address) {
  static_cast<void>(code_of([&] { return agents.ask(address, fail_after_change{}, patience), 0; }));
}

}  // namespace

TEST_CASE("With on_failure reset a failure gives the agent its initial state", "[agent]") {
  agent_system agents{{}, {ledger_type({.on_failure = agent_on_failure::reset})}};
  agents.tell("ledger/a", add{5});
  fail(agents, "ledger/a");
  CHECK(agents.ask("ledger/a", read_all{}, patience).sum == 0);
}

TEST_CASE("With on_failure stop a failure stops the agent, and nobody else", "[agent]") {
  agent_system agents{{}, {ledger_type({.on_failure = agent_on_failure::stop})}};
  agents.tell("ledger/a", add{5});
  fail(agents, "ledger/a");
  CHECK(outcome_of(agents, "ledger/a") == errc::agent_stopped);
  CHECK(outcome_of(agents, "ledger/b") == std::nullopt);
  const auto status = agents.status("ledger/a");
  REQUIRE(status.stopped);
  CHECK(mentions(status.stopped->message(), "meant"));
}

TEST_CASE("An agent that fails too often stops, and is revived with its state", "[agent]") {
  agent_system agents{{}, {ledger_type({.intensity = 2})}};
  agents.tell("ledger/a", add{5});
  for (int i = 0; i < 3; ++i) fail(agents, "ledger/a");
  CHECK(outcome_of(agents, "ledger/a") == errc::agent_stopped);
  while (!agents.revive("ledger/a")) std::this_thread::yield();  // its actor is on its way out
  CHECK(agents.ask("ledger/a", add{1}, patience) == 6);
  CHECK(!agents.revive("ledger/a"));
  CHECK(!agents.revive("ledger/never"));
}

TEST_CASE("A stopped agent refuses what waits and what comes, with the reason", "[agent]") {
  door gate;
  const opens_at_end opens{gate};
  door began;
  const auto type = agent<ledger>("slow")
                        .on([&](ledger& s, const add& m) {
                          began.open();
                          gate.wait();
                          return s.sum += m.by;
                        })
                        .options({.blocking = true});
  agent_system agents{{}, {type}};
  std::promise<agent_outcome> at_work;
  std::promise<agent_outcome> waiting;
  static_cast<void>(agents.ask_then("slow/a", add{}, patience,
                                    [&](agent_outcome got) { at_work.set_value(std::move(got)); }));
  began.wait();
  static_cast<void>(agents.ask_then("slow/a", add{}, patience,
                                    [&](agent_outcome got) { waiting.set_value(std::move(got)); }));
  agents.stop("slow/a", "maintenance");
  const auto refused = waiting.get_future().get();
  REQUIRE(refused.error);
  CHECK(refused.error->code() == errc::agent_stopped);
  CHECK(mentions(refused.error->message(), "maintenance"));
  gate.open();
  CHECK(at_work.get_future().get().as<std::int64_t>() == 1);  // was about to be done
  CHECK(outcome_of(agents, "slow/a") == errc::agent_stopped);
}

TEST_CASE("stop_all stops those that are awake; others still wake", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  agents.tell("ledger/a", add{});
  agents.stop_all("closing time");
  CHECK(outcome_of(agents, "ledger/a") == errc::agent_stopped);
  CHECK(outcome_of(agents, "ledger/b") == std::nullopt);
}

TEST_CASE("An agent's actor that dies is replaced, and nothing is lost", "[agent]") {
  const auto level = spdlog::get_level();
  spdlog::set_level(spdlog::level::off);
  agent_system agents{{}, {ledger_type()}};
  agents.tell("ledger/a", add{5});
  for (int i = 0; i < 5; ++i) {
    agents.kill_actor("ledger/a");
    CHECK(agents.ask("ledger/a", add{1}, patience) == 6 + i);
  }
  while (agents.counts().replaced < 5) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {
    agents.kill_actor("ledger/a");
    while (agents.counts().replaced < std::min<std::uint64_t>(11, 6 + static_cast<unsigned>(i))) {
      std::this_thread::yield();
    }
  }
  CHECK(outcome_of(agents, "ledger/a") == errc::agent_stopped);  // too often
  spdlog::set_level(level);
}

}  // namespace mcp::test
