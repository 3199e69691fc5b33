#include "actors/agent_scenario.hpp"

namespace mcp::test {
namespace {

struct join_topic {
  std::string topic{};
};
MCP_STRUCT(join_topic, topic)
struct leave_topic {
  std::string topic{};
};
MCP_STRUCT(leave_topic, topic)
struct shout {
  std::string topic{};
  std::string line{};
};
MCP_STRUCT(shout, topic, line)

auto member_type(agent_options options = {}) {
  return agent<ledger>("member")
      .on([](ledger& s, const write_line& m) { s.lines.push_back(m.line); })
      .on([](const ledger& s, const read_all&) { return s; })
      .on([](ledger&, const join_topic& m, agent_context& ctx) { ctx.subscribe(m.topic); })
      .on([](ledger&, const leave_topic& m, agent_context& ctx) { ctx.unsubscribe(m.topic); })
      .on([](ledger&, const shout& m, agent_context& ctx) {
        ctx.publish(m.topic, write_line{m.line});
        if (m.line.empty()) throw std::runtime_error{"nothing to say"};
      })
      .options(options);
}

words lines_of(agent_system& agents, const std::string& address) {
  return agents.ask(address, read_all{}, patience).lines;
}

}  // namespace

TEST_CASE("What is published reaches every subscriber", "[agent]") {
  agent_system agents{{}, {member_type()}};
  agents.ask("member/a", join_topic{"news"}, patience);
  agents.subscribe("member/b", "news");
  CHECK(agents.subscribers("news") == 2);
  const auto report = agents.publish("news", write_line{"one"});
  CHECK(report.delivered == 2);
  CHECK(report.missed == 0);
  agents.ask("member/c", shout{"news", "two"}, patience);
  CHECK(agents.publish_json("news", "write_line", R"({"line":"three"})").delivered == 2);
  CHECK(lines_of(agents, "member/a") == words{"one", "two", "three"});
  CHECK(lines_of(agents, "member/b") == words{"one", "two", "three"});
  CHECK(agents.status("member/a").topics == words{"news"});
  agents.unsubscribe("member/a", "news");
  agents.ask("member/b", leave_topic{"news"}, patience);
  CHECK(agents.subscribers("news") == 0);
  CHECK(agents.publish("news", write_line{"four"}).delivered == 0);
}

TEST_CASE("A message that fails publishes and subscribes nothing", "[agent]") {
  const auto type = member_type().on([](ledger&, const add&, agent_context& ctx) -> std::int64_t {
    ctx.subscribe("news");
    throw std::runtime_error{"no"};
  });
  agent_system agents{{}, {type}};
  agents.subscribe("member/a", "news");
  static_cast<void>(code_of([&] { return agents.ask("member/b", add{}, patience); }));
  static_cast<void>(code_of([&] {
    return agents.ask("member/b", shout{"news", ""}, patience), 0;
  }));
  CHECK(agents.subscribers("news") == 1);
  CHECK(lines_of(agents, "member/a").empty());
}

TEST_CASE("A subscriber with a full mailbox misses the event, or its oldest message", "[agent]") {
  const auto overflow = GENERATE(agent_overflow::reject, agent_overflow::drop_oldest);
  door gate;
  const opens_at_end opens{gate};
  door began;
  const auto type = agent<ledger>("slow")
                        .on([&](ledger& s, const write_line& m) {
                          began.open();
                          gate.wait();
                          s.lines.push_back(m.line);
                        })
                        .on([](const ledger& s, const read_all&) { return s; })
                        .options({.mailbox = 2, .overflow = overflow, .blocking = true});
  agent_system agents{{}, {type}};
  agents.subscribe("slow/a", "news");
  static_cast<void>(agents.publish("news", write_line{"0"}));
  began.wait();
  std::size_t missed = 0;
  for (const char* line : {"1", "2", "3"})
    missed += agents.publish("news", write_line{line}).missed;
  const bool rejects = overflow == agent_overflow::reject;
  CHECK(missed == (rejects ? 1U : 0U));
  gate.open();
  while (agents.status("slow/a").handled < 4) std::this_thread::yield();
  CHECK(lines_of(agents, "slow/a") == (rejects ? words{"0", "1", "2"} : words{"0", "2", "3"}));
}

TEST_CASE("Subscriptions outlive sleep, and an event wakes the subscriber", "[agent]") {
  const bool stored = GENERATE(false, true);
  simulated_world world{1, true};
  agent_system agents{
      {.store = stored ? in_memory_checkpoint_store() : nullptr, .runtime = world.runtime()},
      {member_type({.idle = milliseconds{10}})}};
  agents.subscribe("member/a", "news");
  world.run();
  CHECK(agents.counts().awake == 0);
  static_cast<void>(agents.publish("news", write_line{"x"}));
  CHECK(agents.counts().awake == 1);
  world.run();
  CHECK(lines_of(agents, "member/a") == words{"x"});
}

TEST_CASE("Subscriptions outlive the process when there is a store", "[agent]") {
  const temporary_folder folder;
  const auto open = [&] { return sqlite_checkpoint_store(folder.file("agents.db")); };
  {
    agent_system agents{{.store = open()}, {member_type()}};
    agents.subscribe("member/a", "news");
    agents.subscribe("member/b", "news");
    agents.subscribe("member/b", "other");
    agents.unsubscribe("member/a", "news");
  }
  agent_system agents{{.store = open()}, {member_type()}};
  CHECK(agents.subscribers("news") == 1);
  CHECK(agents.subscribers("other") == 1);
  CHECK(agents.counts().awake == 0);
  CHECK(agents.publish("news", write_line{"x"}).delivered == 1);
  CHECK(lines_of(agents, "member/b") == words{"x"});
}

TEST_CASE("Topics and subscribers are bounded, and their names checked", "[agent]") {
  agent_system agents{{.max_subscribers = 1}, {member_type()}};
  agents.subscribe("member/a", "news");
  CHECK(code_of([&] { return agents.subscribe("member/b", "news"), 0; }) == errc::too_large);
  CHECK(code_of([&] { return agents.subscribe("member/b", ""), 0; }) == errc::invalid_argument);
  CHECK(code_of([&] { return agents.subscribe("nobody/b", "x"), 0; }) == errc::unknown_agent);
  CHECK(agents.publish("nobody listens", write_line{}).delivered == 0);
}

}  // namespace mcp::test
