#include "actors/agent_scenario.hpp"

namespace mcp::test {
namespace {

using Catch::Matchers::Contains;

/// Tells `to` what it is told.
struct passes_on {
  std::int64_t count = 0;
};
MCP_STATE(passes_on, count)

struct pass {
  std::string to{};
};
MCP_STRUCT(pass, to)

auto passing_type() {
  return agent<passes_on>("passer").on(
      [](passes_on&, const pass& m, agent_context& ctx) { ctx.tell(m.to, write_line{"x"}); });
}

struct counted_agents {
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  agent_system agents{{.name = "crew", .metrics = counts},
                      {ledger_type({.mailbox = 1}), passing_type()}};
  [[nodiscard]] std::string text() const { return counts->text(); }
};

}  // namespace

TEST_CASE("Agents that are awake, and how their messages end, are counted", "[agent]") {
  const auto counts = std::make_shared<metrics>();
  {
    agent_system agents{{.name = "crew", .metrics = counts}, {ledger_type()}};
    CHECK(agents.ask("ledger/a", add{1}, patience) == 1);
    CHECK(agents.ask("ledger/b", add{1}, patience) == 1);
    for (const auto* how : {"error", "reject"}) {
      CHECK(code_of([&] { return agents.ask("ledger/a", fail_after_change{how}, patience), 0; }));
    }
    agents.stop("ledger/b", "enough");
    const auto text = counts->text();
    CHECK_THAT(text, Contains("mcp_agents_awake{system=\"crew\"} 2\n"));
    for (const auto* line : {
             "mcp_agent_messages_total{outcome=\"handled\",type=\"ledger\"} 2\n",
             "mcp_agent_messages_total{outcome=\"failed\",type=\"ledger\"} 1\n",
             "mcp_agent_messages_total{outcome=\"rejected\",type=\"ledger\"} 1\n",
         }) {
      CHECK_THAT(text, Contains(line));
    }
    CHECK_THAT(text, !Contains("mcp_agent_dead_letters_total"));
  }
  CHECK_THAT(counts->text(), Contains("mcp_agents_awake{system=\"crew\"} 0\n"));
}

TEST_CASE("A message that nobody takes is a dead letter, by its type and the reason", "[agent]") {
  counted_agents box;
  auto& agents = box.agents;
  agents.stop("ledger/stopped", "enough");
  agents.ask<void>("passer/a", pass{"ledger/stopped"}, patience);
  agents.ask<void>("passer/a", pass{"ledger/stopped"}, patience);
  CHECK(agents.counts().undelivered == 2);
  CHECK_THAT(
      box.text(),
      Contains("mcp_agent_dead_letters_total{reason=\"agent_stopped\",type=\"ledger\"} 2\n"));
  // Who asks hears of it: that is no dead letter.
  CHECK(code_of([&] { return agents.ask("ledger/stopped", add{}, patience); }) ==
        errc::agent_stopped);
  CHECK_THAT(box.text(), Contains("{reason=\"agent_stopped\",type=\"ledger\"} 2\n"));
}

TEST_CASE("What waits for an agent that is stopped is a dead letter, unless somebody waits for it",
          "[agent]") {
  const auto counts = std::make_shared<metrics>();
  door gate;
  door began;
  const auto type = agent<ledger>("slow")
                        .on([&](ledger& s, const add& m) {
                          began.open();
                          gate.wait();
                          return s.sum += m.by;
                        })
                        .options({.blocking = true});
  agent_system agents{{.metrics = counts}, {type}};
  const opens_at_end opens{gate};
  agents.tell("slow/a", add{});
  began.wait();
  agents.tell("slow/a", add{});
  std::promise<agent_outcome> asked;
  agents.ask_then("slow/a", add{}, patience,
                  [&](agent_outcome got) { asked.set_value(std::move(got)); });
  agents.stop("slow/a", "enough");
  CHECK(asked.get_future().get().error);
  CHECK_THAT(counts->text(),
             Contains("mcp_agent_dead_letters_total{reason=\"agent_stopped\",type=\"slow\"} 1\n"));
}

TEST_CASE("An actor of an agent that dies is counted", "[agent]") {
  counted_agents box;
  CHECK(box.agents.ask("ledger/a", add{1}, patience) == 1);
  box.agents.kill_actor("ledger/a");
  while (box.agents.counts().replaced == 0) std::this_thread::yield();
  CHECK(box.agents.ask("ledger/a", add{1}, patience) == 2);
  CHECK_THAT(box.text(), Contains("mcp_agent_restarts_total{type=\"ledger\"} 1\n"));
}

}  // namespace mcp::test
