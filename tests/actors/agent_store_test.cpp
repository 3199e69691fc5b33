#include "actors/agent_scenario.hpp"
#include "support/failing_store.hpp"
#include "support/killing_store.hpp"
#include "support/this_program.hpp"

#include <cstdlib>
#include <fstream>
#include <mutex>

#include <unistd.h>

namespace mcp::test {
TEST_CASE("Agents go on with their state in the next process", "[agent]") {
  const temporary_folder folder;
  const auto saving = GENERATE(agent_saving::write_behind, agent_saving::sync);
  for (int life = 0; life < 3; ++life) {
    agent_system agents{{.store = sqlite_checkpoint_store(folder.file("agents.db"))},
                        {ledger_type({.saving = saving})}};
    const auto text = std::to_string(life);
    CHECK(agents.ask("ledger/a", add{1}, patience) == life + 1);
    agents.tell("ledger/a", write_line{text});
    CHECK(agents.ask("ledger/a", read_all{}, patience).lines.size() ==
          static_cast<std::size_t>(life) + 1);
  }
}

TEST_CASE("Writes replace each other: an agent's place in the store does not grow", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  agent_system agents{{.store = store}, {ledger_type()}};
  for (int i = 0; i < 200; ++i) {
    agents.tell_durable("ledger/a", add{1});
    CHECK(agents.ask("ledger/a", add{1}, patience) == 2 * i + 2);
  }
  const auto found = store->load("agents/ledger/a", "");
  REQUIRE(found);
  CHECK(found->journal.size() <= 3);
  CHECK(store->history("agents/ledger/a", "", {}).size() == 1);
}

TEST_CASE("An agent that changed nothing is not stored", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  agent_system agents{{.store = store}, {ledger_type()}};
  CHECK(agents.ask("ledger/a", add{0}, patience) == 0);
  CHECK(agents.ask("ledger/a", read_all{}, patience).sum == 0);
  CHECK(!store->load("agents/ledger/a", ""));
}

TEST_CASE("A durable message that was accepted is handled by the next system if need be",
          "[agent]") {
  const temporary_folder folder;
  {
    door began;
    door gate;
    const opens_at_end opens{gate};
    const auto blocked = agent<ledger>("ledger")
                             .on([&](ledger&, const add&) {
                               began.open();
                               gate.wait();
                               throw error{errc::agent_failed, "not in this life"};
                             })
                             .options({.blocking = true});
    agent_system agents{{.store = sqlite_checkpoint_store(folder.file("agents.db"))}, {blocked}};
    agents.tell_durable("ledger/a", add{1}, {.id = "one"});
    began.wait();
    for (int i = 0; i < 4; ++i) agents.tell_durable("ledger/a", add{10});
    agents.stop("ledger/a", "closed early");
    gate.open();
  }
  // The first failed, but while its agent was being stopped; the others waited.
  agent_system agents{{.store = sqlite_checkpoint_store(folder.file("agents.db"))},
                      {ledger_type()}};
  CHECK(agents.ask("ledger/a", add{0}, patience) == 41);
}

TEST_CASE("An agent system's end waits until nothing of it holds the store", "[agent]") {
  const temporary_folder folder;
  for (int life = 0; life < 100; ++life) {
    auto store = sqlite_checkpoint_store(folder.file("agents.db"));
    const std::weak_ptr<checkpoint_store> held{store};
    {
      agent_system agents{{.store = std::move(store)}, {ledger_type({.blocking = true})}};
      for (int i = 0; i < 20; ++i) agents.tell("ledger/" + std::to_string(i), add{0});
    }
    CHECK(held.expired());
  }
}

TEST_CASE("A repeated durable message has the id it was sent with", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  std::mutex mutex;
  words seen;
  std::vector<agent_later<ledger>> kept;
  const auto first = agent<ledger>("ledger").on([&](ledger&, const add&, agent_context& ctx) {
    const std::lock_guard lock{mutex};
    seen.emplace_back(ctx.message_id());
    seen.emplace_back(ctx.sender());
    kept.push_back(ctx.later<ledger>());
  });
  {
    agent_system agents{{.store = store}, {first}};
    agents.tell_durable("ledger/a", add{1}, {.id = "order 17", .sender = "shop/1"});
  }
  const auto second = agent<ledger>("ledger").on([&](ledger& s, const add& m, agent_context& ctx) {
    const std::lock_guard lock{mutex};
    seen.emplace_back(ctx.message_id());
    seen.emplace_back(ctx.sender());
    return s.sum += m.by;
  });
  agent_system agents{{.store = store}, {second}};
  CHECK(agents.ask("ledger/a", add{0}, patience) == 1);
  const std::lock_guard lock{mutex};
  REQUIRE(seen.size() >= 4);
  CHECK(seen[seen.size() - 4] == "order 17");
  CHECK(seen[seen.size() - 3] == "shop/1");
}

TEST_CASE("A handler's durable tell is in the store before its message counts", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  const auto forward = agent<ledger>("forward").on([](ledger& s, const add& m, agent_context& ctx) {
    ctx.tell_durable("ledger/target", m);
    return s.sum += m.by;
  });
  agent_system agents{{.store = store}, {forward, ledger_type()}};
  CHECK(agents.ask("forward/a", add{5}, patience) == 5);
  CHECK(agents.ask("ledger/target", add{0}, patience) == 5);
  agents.stop("ledger/target", "closed");
  CHECK(code_of([&] { return agents.ask("forward/a", add{5}, patience); }) == errc::agent_stopped);
  CHECK(agents.status("forward/a").failed == 1);
}

TEST_CASE("Work before the commit that fails, fails the message", "[agent]") {
  const auto type = agent<ledger>("careful")
                        .on([](ledger& s, const add& m, agent_context& ctx) {
                          s.sum += m.by;
                          ctx.before_commit([by = m.by] {
                            if (by > 100) throw error{errc::access_denied, "too much"};
                          });
                          return s.sum;
                        })
                        .on([](ledger&, const write_line&, agent_context& ctx) {
                          ctx.before_commit_step([](const auto&) {});  // never calls back
                        });
  agent_system agents{{}, {type}};
  CHECK(agents.ask("careful/a", add{100}, patience) == 100);
  CHECK(code_of([&] { return agents.ask("careful/a", add{101}, patience); }) ==
        errc::access_denied);
  CHECK(code_of([&] { return agents.ask("careful/a", write_line{}, patience), 0; }) ==
        errc::reply_dropped);
  CHECK(agents.ask("careful/a", add{1}, patience) == 101);
}

TEST_CASE("A store that fails stops the agent instead of letting it run ahead", "[agent]") {
  const bool blocks = GENERATE(false, true);
  const auto store = std::make_shared<failing_store>(blocks);
  agent_system agents{{.store = store}, {ledger_type({.saving = agent_saving::sync})}};
  CHECK(agents.ask("ledger/a", add{1}, patience) == 1);
  store->broken = true;
  CHECK(code_of([&] { return agents.ask("ledger/a", add{1}, patience); }) == errc::store_full);
  CHECK(code_of([&] { return agents.ask("ledger/a", add{1}, patience); }) == errc::agent_stopped);
  CHECK(code_of([&] { return agents.tell_durable("ledger/b", add{1}), 0; }) == errc::store_full);
  store->broken = false;
  while (!agents.revive("ledger/a")) std::this_thread::yield();
  CHECK(agents.ask("ledger/a", add{1}, patience) == 2);
}

TEST_CASE("A stored message without a handler keeps the agent from starting, with a clear error",
          "[agent]") {
  const auto store = in_memory_checkpoint_store();
  {
    std::vector<agent_later<ledger>> kept;
    const auto type = agent<ledger>("ledger").on(
        [&](ledger&, const add&, agent_context& ctx) { kept.push_back(ctx.later<ledger>()); });
    agent_system agents{{.store = store}, {type}};
    agents.tell_durable("ledger/a", add{1});
    agents.stop("ledger/a", "end");
  }
  const auto type = agent<ledger>("ledger").on([](ledger& s, const write_line&) { return s.sum; });
  agent_system agents{{.store = store}, {type}};
  CHECK(code_of([&] { return agents.ask("ledger/a", write_line{}, patience), 0; }) ==
        errc::unknown_message);
}

TEST_CASE("Two systems of one name cannot use a store at the same time", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  {
    agent_system agents{{.store = store}, {ledger_type()}};
    CHECK(code_of([&] { return agent_system{{.store = store}}, 0; }) == errc::thread_busy);
    agent_system other{{.name = "others", .store = store}, {ledger_type()}};
    agents.tell("ledger/a", add{1});
    CHECK(other.ask("ledger/a", add{0}, patience) == 0);
  }
  agent_system again{{.store = store}, {ledger_type()}};
  CHECK(again.ask("ledger/a", add{0}, patience) == 1);
}

// ---- killed at every write ---------------------------------------------------------------------

namespace {

constexpr int messages = 6;
constexpr int went_wrong = 1;

std::string setting(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? "" : found;
}

std::size_t lines_of(const std::string& path) {
  std::ifstream in{path};
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

/// Tells durable messages, notes each that was accepted, and dies at some write.
int live(const std::string& folder) {
  killing_store::plan fate;
  fate.at = std::stoul(setting("MCP_AGENT_CRASH_AT"));
  fate.when = setting("MCP_AGENT_CRASH_SIDE") == "after" ? killing_store::side::after
                                                         : killing_store::side::before;
  agent_system agents{{.store = std::make_shared<killing_store>(
                           sqlite_checkpoint_store(folder + "/agents.db"), std::move(fate)),
                       .runtime = actor_runtime{{.scheduler_threads = 2}}},
                      {ledger_type({.saving = agent_saving::sync})}};
  for (int i = 0; i < messages; ++i) {
    std::ofstream{folder + "/told", std::ios::app} << "x\n";
    agents.tell_durable("ledger/a", add{1});
    std::ofstream{folder + "/accepted", std::ios::app} << "x\n";
  }
  return agents.ask("ledger/a", add{0}, patience) > 0 ? 0 : went_wrong;
}

/// As `run_this_program`.
int one_life(const std::string& folder, std::size_t at, const char* side) {
  return run_this_program(
      "[.agent-crash-child]",
      {"MCP_AGENT_CRASH_FOLDER=" + folder, "MCP_AGENT_CRASH_AT=" + std::to_string(at),
       std::string{"MCP_AGENT_CRASH_SIDE="} + side},
      folder + "/output");
}

}  // namespace

TEST_CASE("The process that the agents' crash test kills.", "[.agent-crash-child]") {
  const auto folder = setting("MCP_AGENT_CRASH_FOLDER");
  REQUIRE(!folder.empty());
  ::_exit(live(folder));
}

TEST_CASE("Killed at any write, no accepted message is lost and none counts twice",
          "[agent][crash]") {
  std::size_t points = 0;
  for (const char* side : {"before", "after"}) {
    for (std::size_t at = 1;; ++at) {
      const temporary_folder folder;
      const auto place = folder.file("");
      const auto code = one_life(place, at, side);
      INFO("killed " << side << " write " << at);
      REQUIRE(code <= 0);
      const auto told = static_cast<std::int64_t>(lines_of(place + "/told"));
      const auto accepted = static_cast<std::int64_t>(lines_of(place + "/accepted"));
      agent_system next{{.store = sqlite_checkpoint_store(place + "/agents.db")}, {ledger_type()}};
      const auto sum = next.ask("ledger/a", add{0}, patience);
      CHECK(sum >= accepted);
      CHECK(sum <= told);
      if (code == 0) {
        CHECK(sum == messages);
        break;
      }
      ++points;
    }
  }
  CHECK(points >= 2 * messages);
}

}  // namespace mcp::test
