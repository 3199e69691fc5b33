#include "actors/agent_scenario.hpp"

#include <thread>

namespace mcp::test {
namespace {

struct unknown_to_it {
  int x = 0;
};
MCP_STRUCT(unknown_to_it, x)

}  // namespace

TEST_CASE("An agent exists as soon as somebody writes to it, and keeps its state", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  agents.tell("ledger/a", add{2});
  CHECK(agents.ask("ledger/a", add{3}, patience) == 5);
  CHECK(agents.ask("ledger/b", add{}, patience) == 1);
  agents.tell("ledger/a", write_line{"x"});
  const auto all = agents.ask("ledger/a", read_all{}, patience);
  CHECK(all.sum == 5);
  CHECK(all.lines == words{"x"});
  CHECK(agents.ask<std::int64_t>("ledger/a", add{0}, patience) == 5);
  agents.ask("ledger/a", write_line{"y"}, patience);
  CHECK(agents.status("ledger/a").handled >= 5);
  CHECK(agents.counts().awake == 2);
  CHECK(agents.types() == words{"ledger"});
}

TEST_CASE("A typed address sends what its agent handles", "[agent]") {
  const auto type = ledger_type();
  agent_system agents{{}, {type}};
  const auto one = type.at(agents, "typed");
  CHECK(one.address() == "ledger/typed");
  one.tell(add{4});
  CHECK(one.ask(add{1}, patience) == 5);
}

TEST_CASE("Messages by name carry JSON, and what does not fit names the place", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  agents.tell_json("ledger/j", "add", R"({"by":4})");
  CHECK(agents.ask_json("ledger/j", "add", "{}", patience) == "5");
  CHECK(agents.ask_json("ledger/j", "write_line", R"({"line":"x"})", patience) == "null");
  CHECK(agents.ask_json("ledger/j", "read_all", "{}", patience) == R"({"lines":["x"],"sum":5})");
  CHECK(code_of([&] { return agents.tell_json("ledger/j", "add", R"({"by":"x"})"), 0; }) ==
        errc::invalid_state);
  CHECK(code_of([&] { return agents.tell_json("ledger/j", "add", "{"), 0; }) ==
        errc::malformed_json);
  CHECK(code_of([&] { return agents.tell_json("ledger/j", "ad", "{}"), 0; }) ==
        errc::unknown_message);
}

TEST_CASE("Wrong addresses, types, messages and timeouts are errors at once", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  CHECK(code_of([&] { return agents.tell("ledger", add{}), 0; }) == errc::invalid_argument);
  CHECK(code_of([&] { return agents.tell("ledgr/a", add{}), 0; }) == errc::unknown_agent);
  CHECK(code_of([&] { return agents.tell("ledger/a", unknown_to_it{}), 0; }) ==
        errc::unknown_message);
  CHECK(code_of([&] { return agents.ask("ledger/a", add{}, milliseconds{0}); }) ==
        errc::invalid_argument);
  CHECK(code_of([&] { return agents.ask<words>("ledger/a", add{}, patience); }) ==
        errc::invalid_state);
  CHECK(code_of([&] { return agents.tell_durable("ledger/a", add{}), 0; }) == errc::no_store);
}

TEST_CASE("Types that are not complete are refused", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  const auto refused = [&](agent_spec spec) {
    return code_of([&] { return agents.add(std::move(spec)), 0; }) == errc::invalid_argument;
  };
  CHECK(refused(ledger_type()));
  auto spec = ledger_type().spec();
  spec.type = "a/b";
  CHECK(refused(spec));
  spec.type = "other";
  spec.options.mailbox = 0;
  CHECK(refused(spec));
  spec.options = {};
  spec.handlers.push_back(spec.handlers.front());
  CHECK(refused(spec));
  spec.handlers.clear();
  CHECK(refused(spec));
  spec = ledger_type().spec();
  spec.type = "other";
  agents.add(spec);
  CHECK(agents.ask("other/x", add{}, patience) == 1);
}

TEST_CASE("A new agent's state can follow from its key", "[agent]") {
  const auto type = agent<ledger>("named")
                        .on([](const ledger& s, const read_all&) { return s; })
                        .initial([](std::string_view key) {
                          return ledger{.sum = 7, .lines = {std::string{key}}};
                        });
  agent_system agents{{}, {type}};
  const auto found = agents.ask("named/ann", read_all{}, patience);
  CHECK(found.sum == 7);
  CHECK(found.lines == words{"ann"});
}

TEST_CASE("A message that fails leaves no trace: not in the state, not elsewhere", "[agent]") {
  const auto kind = GENERATE(table<std::string, errc>({{"error", errc::invalid_argument},
                                                       {"std", errc::agent_failed},
                                                       {"number", errc::agent_failed},
                                                       {"reject", errc::access_denied}}));
  const auto how = std::get<0>(kind);
  const auto code = std::get<1>(kind);
  INFO(how);
  agent_system agents{{}, {ledger_type()}};
  agents.tell("ledger/a", add{1});
  CHECK(code_of([&] { return agents.ask("ledger/a", fail_after_change{how}, patience), 0; }) ==
        code);
  CHECK(agents.ask("ledger/a", read_all{}, patience).sum == 1);
  CHECK(agents.ask("ledger/witness", read_all{}, patience).lines.empty());
  CHECK(agents.status("ledger/a").failed == (how == "reject" ? 0 : 1));
}

TEST_CASE("A handler asks another agent without holding a thread", "[agent]") {
  // One scheduler thread: an ask that held it would never be answered.
  agent_system agents{{.runtime = actor_runtime{{.scheduler_threads = 1}}}, {ledger_type()}};
  agents.tell("ledger/b", add{10});
  CHECK(agents.ask<std::int64_t>("ledger/a", add_there{"ledger/b", 5}, patience) == 15);
  CHECK(agents.ask<std::int64_t>("ledger/c", add_there{"ledger/b", 1}, patience) == 16);
}

TEST_CASE("What a question fails with reaches the handler's asker", "[agent]") {
  agent_system agents{{}, {ledger_type()}};
  CHECK(code_of([&] { return agents.ask<int>("ledger/a", add_there{"nobody/b"}, patience); }) ==
        errc::unknown_agent);
  CHECK(code_of([&] { return agents.ask<int>("ledger/a", add_there{"ledger/a"}, patience); }) ==
        errc::invalid_argument);
  agents.stop("ledger/b", "closed");
  CHECK(code_of([&] { return agents.ask<int>("ledger/a", add_there{"ledger/b"}, patience); }) ==
        errc::agent_stopped);
}

TEST_CASE("Agents that would wait for each other are told, not hung", "[agent]") {
  const auto type = agent<ledger>("ring").on([](ledger&, const add_there& m, agent_context& ctx) {
    const auto next = m.where == "ring/a" ? "ring/b" : "ring/a";
    ctx.ask(m.where, add_there{next}, patience,
            [](ledger&, const agent_outcome& got, agent_context&) {
              if (got.error) throw *got.error;
            });
  });
  agent_system agents{{}, {type}};
  try {
    agents.ask("ring/a", add_there{"ring/b"}, patience);
    FAIL("it was answered");
  } catch (const error& what) {
    CHECK(what.code() == errc::invalid_argument);
    CHECK(mentions(what.message(), "ring/a asks ring/b asks ring/a"));
  }
}

TEST_CASE("Waiting forms are refused on the runtime's own threads", "[agent]") {
  agent_system* reach = nullptr;
  const auto type = agent<ledger>("inner").on([&](ledger&, const add&) -> std::int64_t {
    return reach->ask("inner/other", add{}, patience);
  });
  agent_system agents{{}, {type}};
  reach = &agents;
  CHECK(code_of([&] { return agents.ask("inner/a", add{}, patience); }) == errc::invalid_argument);
}

TEST_CASE("A full mailbox refuses at once; a cancelled question makes room", "[agent]") {
  door gate;
  const opens_at_end opens{gate};
  door began;
  const auto type = agent<ledger>("slow")
                        .on([&](ledger& s, const add& m) {
                          began.open();
                          gate.wait();
                          return s.sum += m.by;
                        })
                        .options({.mailbox = 2, .blocking = true});
  agent_system agents{{}, {type}};
  agents.tell("slow/a", add{});
  began.wait();
  agents.tell("slow/a", add{});
  std::promise<agent_outcome> heard;
  const auto call = agents.ask_then("slow/a", add{100}, patience,
                                    [&](agent_outcome got) { heard.set_value(std::move(got)); });
  CHECK(code_of([&] { return agents.tell("slow/a", add{}), 0; }) == errc::overloaded);
  call.cancel();
  const auto got = heard.get_future().get();
  REQUIRE(got.error);
  CHECK(got.error->code() == errc::cancelled);
  agents.tell("slow/a", add{});
  gate.open();
  while (agents.status("slow/a").waiting > 0) std::this_thread::yield();
  CHECK(agents.ask("slow/a", add{}, patience) == 4);
}

TEST_CASE("A handler sees that nobody waits for it any more", "[agent]") {
  door began;
  std::promise<bool> seen;
  const auto type = agent<ledger>("patient")
                        .on([&](ledger&, const add&, agent_context& ctx) -> std::int64_t {
                          began.open();
                          while (!ctx.cancelled()) std::this_thread::yield();
                          seen.set_value(true);
                          return 0;
                        })
                        .options({.blocking = true});
  agent_system agents{{}, {type}};
  const auto call = agents.ask_then("patient/a", add{}, patience, [](const agent_outcome&) {});
  began.wait();
  call.cancel();
  CHECK(seen.get_future().get());
}

TEST_CASE("A message goes on when a callback comes, from any thread", "[agent]") {
  std::thread elsewhere;
  const auto type = agent<ledger>("later").on([&](ledger& s, const add& m, agent_context& ctx) {
    s.sum += m.by;
    elsewhere = std::thread{[later = ctx.later<ledger>()] {
      later.resume([](ledger& state, agent_context& on) {
        state.sum *= 10;
        on.reply(state.sum);
      });
    }};
  });
  agent_system agents{{}, {type}};
  CHECK(agents.ask("later/a", add{4}, patience) == 40);
  elsewhere.join();
}

TEST_CASE("A callback that never comes fails the message when it is dropped", "[agent]") {
  const auto type = agent<ledger>("later")
                        .on([](ledger&, const add&, agent_context& ctx) {
                          static_cast<void>(ctx.later<ledger>());
                        })
                        .on([](ledger&, const write_line&, agent_context& ctx) {
                          ctx.later<ledger>().fail({errc::server_failed, "down"});
                        })
                        .on([](ledger&, const read_all&, agent_context& ctx) {
                          static_cast<void>(ctx.later<notes>());
                        });
  agent_system agents{{}, {type}};
  CHECK(code_of([&] { return agents.ask("later/a", add{}, patience); }) == errc::reply_dropped);
  CHECK(code_of([&] { return agents.ask("later/a", write_line{}, patience), 0; }) ==
        errc::server_failed);
  CHECK(code_of([&] { return agents.ask("later/a", read_all{}, patience); }) ==
        errc::invalid_argument);
}

TEST_CASE("A message that starts over has sent, asked and made nothing before", "[agent]") {
  std::vector<std::string> ids;
  std::vector<bool> wanted;
  std::shared_ptr<agent_later<ledger>> first;
  const auto type = agent<ledger>("again")
                        .on([&](ledger&, const add&, agent_context& ctx) {
                          ids.push_back(ctx.make_id());
                          ctx.tell("again/other", write_line{"of the first try"});
                          ctx.subscribe("first try");
                          ctx.reply(std::int64_t{-1});
                          first = std::make_shared<agent_later<ledger>>(ctx.later<ledger>());
                          wanted.push_back(first->wanted());
                          ctx.start_over();
                          wanted.push_back(first->wanted());
                          first->resume([](ledger& s, agent_context&) { s.sum = -1; });
                          ids.push_back(ctx.make_id());
                          ctx.tell("again/other", write_line{"of the second"});
                          ctx.later<ledger>().resume([](ledger& s, agent_context& on) {
                            s.sum = 7;
                            on.reply(s.sum);
                          });
                        })
                        .on([](ledger& s, const write_line& m) { s.lines.push_back(m.line); })
                        .on([](const ledger& s, const read_all&) { return s; });
  agent_system agents{{}, {type}};
  CHECK(agents.ask("again/a", add{}, patience) == 7);
  CHECK(agents.ask("again/a", read_all{}, patience).sum == 7);
  CHECK(agents.ask("again/other", read_all{}, patience).lines ==
        std::vector<std::string>{"of the second"});
  CHECK(agents.subscribers("first try") == 0);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] == ids[1]);
  CHECK(wanted == std::vector{true, false});
}

TEST_CASE("A reply of another type than declared is an error, not a surprise", "[agent]") {
  const auto type = agent<ledger>("liar").on(
      [](ledger&, const add&, agent_context& ctx) { ctx.reply(std::string{"five"}); });
  agent_system agents{{}, {type}};
  CHECK(code_of([&] { return agents.ask("liar/a", add{}, patience); }) == errc::invalid_argument);
}

TEST_CASE("Handlers that send or ask without end are stopped by a bound", "[agent]") {
  const auto type = agent<ledger>("chatty")
                        .on([](ledger&, const add&, agent_context& ctx) {
                          for (;;) ctx.tell("chatty/b", write_line{});
                        })
                        .on([](ledger&, const write_line&, agent_context& ctx) {
                          std::vector<agent_later<ledger>> all;
                          for (;;) all.push_back(ctx.later<ledger>());
                        });
  agent_system agents{{}, {type}};
  CHECK(code_of([&] { return agents.ask("chatty/a", add{}, patience); }) == errc::too_large);
  CHECK(code_of([&] { return agents.ask("chatty/a", write_line{}, patience), 0; }) ==
        errc::too_large);
}

TEST_CASE("Agents of one system share the scheduler: a flood does not starve another", "[agent]") {
  const auto type = agent<ledger>("flood").on([](ledger& s, const add& m, agent_context& ctx) {
    if (m.by > 0) ctx.tell(std::string{ctx.address()}, add{m.by});
    return ++s.sum;
  });
  agent_system agents{{.runtime = actor_runtime{{.scheduler_threads = 1}}}, {type, ledger_type()}};
  agents.tell("flood/a", add{1});
  for (int i = 0; i < 20; ++i) CHECK(agents.ask("ledger/a", add{}, patience) == i + 1);
  agents.stop("flood/a", "enough");
}

TEST_CASE("Many threads, many agents, every message counts once", "[agent]") {
  constexpr int threads = 4;
  constexpr int messages = 5000;
  agent_system agents{{}, {ledger_type({.mailbox = 1'000'000})}};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&agents] {
      for (int i = 0; i < messages; ++i) agents.tell("ledger/" + std::to_string(i % 7), add{});
    });
  }
  for (auto& one : all) one.join();
  std::int64_t sum = 0;
  for (int i = 0; i < 7; ++i) sum += agents.ask("ledger/" + std::to_string(i), add{0}, patience);
  CHECK(sum == threads * messages);
}

TEST_CASE("A system that ends answers those who wait and refuses others", "[agent]") {
  std::promise<agent_outcome> heard;
  std::vector<agent_later<ledger>> kept;
  door began;
  {
    const auto type = agent<ledger>("hanging").on([&](ledger&, const add&, agent_context& ctx) {
      kept.push_back(ctx.later<ledger>());
      began.open();
    });
    agent_system agents{{}, {type}};
    static_cast<void>(agents.ask_then("hanging/a", add{}, patience,
                                      [&](agent_outcome got) { heard.set_value(std::move(got)); }));
    began.wait();
  }
  const auto got = heard.get_future().get();
  REQUIRE(got.error);
  CHECK(got.error->code() == errc::shutting_down);
}

}  // namespace mcp::test
