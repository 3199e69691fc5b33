// Agents and graphs together.

#include "actors/agent_scenario.hpp"
#include "mcp/agent_node.hpp"
#include "mcp/graph_agent.hpp"

namespace mcp::test {
namespace {

struct order {
  std::string topic{};
};
MCP_STRUCT(order, topic)

struct wake {
  std::string thread{};
  std::string answer{};
};
MCP_STRUCT(wake, thread, answer)

graph<notes> asking_graph() {
  return graph<notes>("asking")
      .node("ask",
            [](const notes& s, context& ctx) {
              const auto said = ctx.ask("how about " + s.topic + "?");
              return update<notes>{}.set(&notes::answer, said).append(&notes::log, said);
            })
      .entry_point("ask");
}

graph<notes> plain_graph() {
  return graph<notes>("plain")
      .node("a",
            [](const notes& s) {
              return update<notes>{}.append(&notes::log, s.topic).set(&notes::count, 1);
            })
      .entry_point("a");
}

auto to_topic() {
  return [](const order& m) { return notes{.topic = m.topic}; };
}

auto adder_node(agent_system& agents, milliseconds timeout = patience) {
  return agent_node<notes>(
      agents, [](const notes& s) { return "ledger/" + s.topic; },
      [](const notes& s) { return add{s.count}; },
      [](std::int64_t sum) { return update<notes>{}.set(&notes::answer, std::to_string(sum)); },
      timeout);
}

}  // namespace

TEST_CASE("A node asks an agent and goes on with its answer", "[agent]") {
  const auto where = any_store();
  scenario_store store{where};
  agent_system agents{{}, {ledger_type()}};
  executor<notes> runs{graph<notes>("g").node("add", adder_node(agents)).entry_point("add"),
                       store.options()};
  CHECK(runs.run({.topic = "x", .count = 4}).answer == "4");
  CHECK(runs.run({.topic = "x", .count = 5}).answer == "9");
}

TEST_CASE("What an agent answers with fails the node, and may be tried again", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  agents.stop("ledger/x", "closed");
  executor<notes> runs{graph<notes>("g").node("add", adder_node(agents)).entry_point("add")};
  CHECK(runs.run_to_result({.topic = "x"}).info.error->code() == errc::agent_stopped);
  CHECK(runs.run_to_result({.topic = ""}).info.error->code() == errc::invalid_argument);
}

TEST_CASE("Cancelling a run withdraws its node's question", "[agent]") {
  simulated_world world{1, true};
  std::vector<agent_later<ledger>> kept;
  bool seen = false;
  const auto type = agent<ledger>("ledger").on(
      [&](ledger&, const add&, agent_context& ctx) { kept.push_back(ctx.later<ledger>()); });
  agent_system agents{{.runtime = world.runtime()}, {type}};
  executor<notes> runs{graph<notes>("g").node("add", adder_node(agents)).entry_point("add"),
                       world.options()};
  const auto first = runs.start({.topic = "x"}, {.thread_id = "1"});
  const auto second = runs.start({.topic = "x"}, {.thread_id = "2"});
  while (agents.status("ledger/x").waiting < 1 && world.one_step()) {
  }
  first.cancel();
  second.cancel();
  world.after(milliseconds{100}, [&] {
    seen = first.finished() && second.finished();
    kept.at(0).resume([](ledger&, agent_context& ctx) { ctx.reply(std::int64_t{1}); });
  });
  world.run();
  CHECK(seen);
  CHECK(first.join().status() == run_status::cancelled);
  CHECK(kept.size() == 1);  // the one that waited was never handled
  kept.clear();
}

TEST_CASE("A node's question ends at its timeout", "[agent]") {
  simulated_world world{1, true};
  std::vector<agent_later<ledger>> kept;
  const auto type = agent<ledger>("ledger").on(
      [&](ledger&, const add&, agent_context& ctx) { kept.push_back(ctx.later<ledger>()); });
  agent_system agents{{.runtime = world.runtime()}, {type}};
  executor<notes> runs{
      graph<notes>("g").node("add", adder_node(agents, milliseconds{250})).entry_point("add"),
      world.options()};
  const auto began = world.now();
  std::optional<milliseconds> took;
  const auto run = runs.start({.topic = "x"});
  run.when_finished([&](const run_result_info&) { took = world.now() - began; });
  world.run();
  CHECK(run.join().info.error->code() == errc::call_timeout);
  CHECK(took == milliseconds{250});
  kept.clear();
}

TEST_CASE("A graph as an agent runs once per message, on one thread of conversation", "[agent]") {
  const auto where = real_store();
  scenario_store store{where};
  const auto runs = std::make_shared<executor<notes>>(plain_graph(), store.options());
  agent_system agents{{}, {graph_agent<order>("writer", runs, to_topic())}};
  CHECK(agents.ask<run_report>("writer/a", order{"x"}, patience).done());
  const auto report = agents.ask<run_report>("writer/a", order{"y"}, patience);
  CHECK(report.status == "done");
  CHECK(report.thread_id == "agent writer/a");
  const auto state = from_json<notes>(report.state);
  CHECK(state.log == words{"x", "y"});
  CHECK(state.count == 2);
  CHECK(from_json<notes>(agents.ask<run_report>("writer/b", order{"z"}, patience).state).log ==
        words{"z"});
}

TEST_CASE("A graph agent's messages wait for each other's runs", "[agent]") {
  simulated_world world{1, true};
  int at_work = 0;
  int most = 0;
  const auto runs = std::make_shared<executor<notes>>(
      graph<notes>("slow")
          .node("a",
                [&](const notes&, reply<notes> answer) {
                  most = std::max(most, ++at_work);
                  world.after(milliseconds{10}, [&, answer] {
                    --at_work;
                    answer.done(update<notes>{}.set(&notes::count, 1));
                  });
                })
          .entry_point("a"),
      world.options(in_memory_checkpoint_store()));
  agent_system agents{{.runtime = world.runtime()},
                      {graph_agent<order>("writer", runs, to_topic())}};
  for (int i = 0; i < 5; ++i) agents.tell("writer/a", order{"x"});
  world.run();
  CHECK(most == 1);
  CHECK(runs->state("agent writer/a").values.count == 5);
}

TEST_CASE("A graph agent's question comes back, and the answer goes on with the run", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  const auto runs =
      std::make_shared<executor<notes>>(asking_graph(), executor_options{.store = store});
  agent_system agents{{}, {graph_agent<order>("asker", runs, to_topic())}};
  const auto asked = agents.ask<run_report>("asker/a", order{"tea"}, patience);
  CHECK(asked.status == "interrupted");
  REQUIRE(asked.questions.size() == 1);
  CHECK(asked.questions[0].node == "ask");
  CHECK(asked.questions[0].question == R"("how about tea?")");
  CHECK(code_of([&] {
          return agents.ask("asker/a", run_answers{{{"", "17"}}}, patience);
        }) == errc::invalid_answer);
  const auto done =
      agents.ask("asker/a", run_answers{{{asked.questions[0].id, R"("yes")"}}}, patience);
  CHECK(done.done());
  CHECK(from_json<notes>(done.state).answer == "yes");
}

TEST_CASE("A graph agent tells why its run failed", "[agent]") {
  const auto runs = std::make_shared<executor<notes>>(
      graph<notes>("bad")
          .node("a", [](const notes&) { throw std::runtime_error{"broken node"}; })
          .entry_point("a"));
  agent_system agents{{}, {graph_agent<order>("bad", runs, to_topic())}};
  const auto report = agents.ask<run_report>("bad/a", order{}, patience);
  CHECK(report.status == "failed");
  CHECK(mentions(report.error, "broken node"));
}

TEST_CASE("A run tells a callback that it has ended, also one that comes late", "[agent]") {
  simulated_world world{1, true};
  executor<notes> runs{plain_graph(), world.options()};
  const auto run = runs.start({.topic = "x"});
  words heard;
  const auto listen = [&](const std::string& who) {
    run.when_finished([&heard, who](const run_result_info& info) {
      heard.push_back(who + " " + std::string{name(info.status)});
    });
  };
  listen("early");
  CHECK(heard.empty());
  world.run();
  CHECK(heard == words{"early done"});
  listen("late");
  CHECK(heard == words{"early done", "late done"});
}

TEST_CASE("An event starts a run, once, however often it is repeated", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  const auto runs =
      std::make_shared<executor<notes>>(plain_graph(), executor_options{.store = store});
  const auto type = agent<ledger>("starter").on([&](ledger& s, const order& m, agent_context& ctx) {
    s.lines.push_back(start_run(ctx, runs, notes{.topic = m.topic}));
    return s.lines.back();
  });
  agent_system agents{{.store = store}, {type}};
  const auto thread = agents.ask<std::string>("starter/a", order{"x"}, patience, {.id = "e1"});
  CHECK(thread.starts_with("message-"));
  if (const auto run = runs->find(thread)) static_cast<void>(run->join());
  // The same event again, as after a crash.
  CHECK(agents.ask<std::string>("starter/a", order{"x"}, patience, {.id = "e1"}) == thread);
  CHECK(runs->state(thread).values.log == words{"x"});
  CHECK(store->runs({.thread_id = thread}).size() == 1);
}

TEST_CASE("An event that cannot start its run fails, and the agent is as before", "[agent]") {
  const auto runs = std::make_shared<executor<notes>>(
      plain_graph(), executor_options{.store = in_memory_checkpoint_store(), .max_runs = 0});
  const auto type = agent<ledger>("starter")
                        .on([&](ledger& s, const order& m, agent_context& ctx) {
                          ++s.sum;
                          static_cast<void>(start_run(ctx, runs, notes{.topic = m.topic}));
                        })
                        .on([](const ledger& s, const read_all&) { return s; });
  agent_system agents{{}, {type}};
  CHECK(code_of([&] { return agents.ask("starter/a", order{"x"}, patience), 0; }) ==
        errc::overloaded);
  CHECK(agents.ask("starter/a", read_all{}, patience).sum == 0);
}

TEST_CASE("An event from a topic wakes an interrupted run", "[agent]") {
  const auto store = in_memory_checkpoint_store();
  const auto runs =
      std::make_shared<executor<notes>>(asking_graph(), executor_options{.store = store});
  REQUIRE(runs->run_to_result({.topic = "tea"}, {.thread_id = "t"}).status() ==
          run_status::interrupted);
  const auto type = agent<ledger>("waker").on([&](ledger& s, const wake& m, agent_context& ctx) {
    resume_run(ctx, runs, m.thread, answers::only(m.answer));
    ++s.sum;
  });
  agent_system agents{{.store = store}, {type}};
  agents.subscribe("waker/a", "answers");
  CHECK(agents.publish("answers", wake{"t", "yes"}).delivered == 1);
  while (agents.status("waker/a").handled < 2) std::this_thread::yield();
  if (const auto run = runs->find("t")) static_cast<void>(run->join());
  CHECK(runs->state("t").values.answer == "yes");
  agents.ask("waker/a", wake{"t", "no"}, patience);  // the run waits for nothing any more
  CHECK(runs->state("t").values.log == words{"yes"});
}

}  // namespace mcp::test
