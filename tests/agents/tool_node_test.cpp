#include "mcp/agents/tool_node.hpp"

#include "mcp/mcp.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <future>
#include <map>
#include <mutex>

namespace mcp::test {
namespace {

struct chat {
  std::vector<message> messages{};
};
MCP_STATE(chat, (messages, mcp::add_messages))

struct chat_without_reducer {
  std::vector<message> messages{};
};
MCP_STATE(chat_without_reducer, messages)

struct word {
  std::string text{};
};
MCP_STRUCT(word, text)

tool_call call_of(const std::string& id, const std::string& name, const std::string& text) {
  return {.id = id, .name = name, .arguments = to_json(word{text})};
}

/// A model that asks for `calls` and is then content.
graph<chat> one_round(const tool_set& tools, std::vector<tool_call> calls,
                      node_options options = {}) {
  return graph<chat>("chat")
      .node("llm",
            [calls = std::move(calls)](const chat& s) {
              auto said = assistant_message("done");
              if (s.messages.size() < 2) said.tool_calls = calls;
              return update<chat>{}.append(&chat::messages, said);
            })
      .node("tools", tool_node(tools, &chat::messages), std::move(options))
      .entry_point("llm")
      .router("llm", tools_router(&chat::messages, "tools"), {"tools", end})
      .edge("tools", "llm");
}

chat hello() {
  return {.messages = {user_message("hello")}};
}

/// Contents of the tool messages, by the id of their call.
std::map<std::string, std::string> results(const chat& s) {
  std::map<std::string, std::string> found;
  for (const auto& one : s.messages) {
    if (one.role == "tool") found[one.tool_call_id] = one.content;
  }
  return found;
}

std::shared_ptr<tool> echo(tool_options options = {}) {
  return make_tool(
      "echo", "Says it again.", [](const word& w) { return "<" + w.text + ">"; },
      std::move(options));
}

std::shared_ptr<tool> broken(tool_options options = {}) {
  return make_tool(
      "broken", "", [](const word&) -> std::string { throw std::runtime_error{"out of order"}; },
      std::move(options));
}

}  // namespace

TEST_CASE("The calls of one message are answered in their order, each with its id") {
  executor<chat> runs{one_round({echo()}, {call_of("1", "echo", "a"), call_of("2", "echo", "b")})};
  const auto ended = runs.run(hello());
  REQUIRE(ended.messages.size() == 5);
  CHECK(ended.messages[2].role == "tool");
  CHECK(ended.messages[2].tool_call_id == "1");
  CHECK(ended.messages[2].name == "echo");
  CHECK(ended.messages[2].content == "<a>");
  CHECK(ended.messages[3].content == "<b>");
  CHECK(ended.messages[4].content == "done");
}

TEST_CASE("Calls of one message run side by side") {
  std::mutex mutex;
  std::vector<tool_reply> waiting;
  const auto both = make_tool("both", "", [&](const word&, tool_reply reply) {
    std::vector<tool_reply> all;
    {
      const std::lock_guard lock{mutex};
      waiting.push_back(std::move(reply));
      if (waiting.size() < 2) return;
      all.swap(waiting);
    }
    for (const auto& one : all) one.done("met");
  });
  executor<chat> runs{one_round({both}, {call_of("1", "both", "a"), call_of("2", "both", "b")})};
  CHECK(results(runs.run(hello())) ==
        std::map<std::string, std::string>{{"1", "met"}, {"2", "met"}});
}

TEST_CASE("Blocking tools run side by side off the scheduler") {
  std::promise<void> first;
  std::promise<void> second;
  const auto meet = make_tool("meet", "",
                              [&](const word& w) {
                                auto& mine = w.text == "a" ? first : second;
                                auto& other = w.text == "a" ? second : first;
                                mine.set_value();
                                other.get_future().wait();
                                return "met";
                              },
                              {.blocking = true});
  executor<chat> runs{one_round({meet}, {call_of("1", "meet", "a"), call_of("2", "meet", "b")})};
  CHECK(results(runs.run(hello())).size() == 2);
}

TEST_CASE("Unknown tools and arguments that do not fit are told to the model") {
  executor<chat> runs{one_round(
      {echo()}, {call_of("1", "eco", "a"), {.id = "2", .name = "echo", .arguments = "{\"t\":1}"}})};
  const auto found = results(runs.run(hello()));
  CHECK(found.at("1") == "Error: eco is not a valid tool, try one of [echo].");
  CHECK(found.at("2").starts_with("Error: the arguments do not fit: "));
}

TEST_CASE("A failed call fails the run, or is told to the model if the tool wants it") {
  executor<chat> fails{one_round({broken()}, {call_of("1", "broken", "a")})};
  const auto failed = fails.run_to_result(hello());
  REQUIRE(failed.status() == run_status::failed);
  CHECK(failed.info.error->code() == errc::tool_failed);
  CHECK(failed.info.error->message().find("out of order") != std::string::npos);
  CHECK(failed.info.error->place().node == "tools");
  executor<chat> tells{one_round({broken({.tell_model = true})}, {call_of("1", "broken", "a")})};
  CHECK(results(tells.run(hello())).at("1") == "Error: out of order");
}

TEST_CASE("An exhausted budget ends the run even if the tool tells its failures") {
  const auto costly = make_tool("costly", "",
                                [](const word&, tool_context& ctx) {
                                  ctx.context().charge("coins", 2);
                                  return "bought";
                                },
                                {.tell_model = true});
  executor<chat> runs{one_round({costly}, {call_of("1", "costly", "a")})};
  const auto ended = runs.run_to_result(hello(), {.budget = {.counters = {{"coins", 1}}}});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::budget_exceeded);
}

TEST_CASE("A tool added to the set while the executor lives is called") {
  const tool_set tools;
  executor<chat> runs{one_round(tools, {call_of("1", "echo", "a")})};
  CHECK(results(runs.run(hello())).at("1").starts_with("Error: echo is not a valid tool"));
  tools.add(echo());
  CHECK(results(runs.run(hello())).at("1") == "<a>");
}

TEST_CASE("A person accepts, edits, refuses or answers a call before it is made") {
  const auto [answer, text, calls] = GENERATE(table<tool_answer, std::string, int>({
      {{.type = tool_decision::accept}, "<a>", 1},
      {{.type = tool_decision::edit, .arguments = R"({"text":"b"})"}, "<b>", 1},
      {{.type = tool_decision::edit, .arguments = "{"}, "Error: the arguments do not fit", 0},
      {{.type = tool_decision::reject, .message = "too loud"},
       "Error: a person refused this call of echo: too loud",
       0},
      {{.type = tool_decision::respond, .message = "I said it"}, "I said it", 0},
  }));
  int made = 0;
  const tool_set tools{make_tool("echo", "Says it again.",
                                 [&made](const word& w) {
                                   ++made;
                                   return "<" + w.text + ">";
                                 },
                                 {.approval = ask_always})};
  executor<chat> runs{one_round(tools, {call_of("1", "echo", "a")}),
                      {.store = in_memory_checkpoint_store()}};
  const auto waits = runs.run_to_result(hello(), {.thread_id = "t"});
  REQUIRE(waits.status() == run_status::interrupted);
  REQUIRE(waits.interrupts().size() == 1);
  CHECK(made == 0);
  CHECK(from_json<tool_question>(waits.interrupts()[0].question) ==
        tool_question{"echo", R"({"text":"a"})", "Says it again."});
  CHECK(waits.interrupts()[0].schema.find("respond") != std::string::npos);
  const auto ended = runs.resume("t", answers::only(answer)).join();
  REQUIRE(ended.done());
  CHECK(results(ended.state()).at("1").starts_with(text));
  CHECK(made == calls);
}

TEST_CASE("A rule decides which calls a person sees") {
  const tool_set tools{echo({.approval = [](const tool_call& call) {
    return call.arguments.find("secret") != std::string::npos;
  }})};
  executor<chat> runs{one_round(tools, {call_of("1", "echo", "a"), call_of("2", "echo", "secret")}),
                      {.store = in_memory_checkpoint_store()}};
  const auto waits = runs.run_to_result(hello(), {.thread_id = "t"});
  REQUIRE(waits.interrupts().size() == 1);
  CHECK(waits.interrupts()[0].question.find("secret") != std::string::npos);
}

TEST_CASE("A resumed run repeats no call that had ended, and keeps the idempotency key") {
  const auto store = in_memory_checkpoint_store();
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> keys;
  std::atomic<bool> repaired{false};
  const auto work = make_tool("work", "", [&](const word& w, tool_reply reply) {
    {
      const std::lock_guard lock{mutex};
      keys[w.text].push_back(reply.idempotency_key());
    }
    if (w.text == "bad" && !repaired) return reply.fail("not yet");
    reply.done("did " + w.text);
  });
  const auto asks =
      make_tool("asks", "", [](const word&) { return "asked"; }, {.approval = ask_always});
  {
    executor<chat> runs{
        one_round({work, asks}, {call_of("1", "work", "good"), call_of("2", "asks", "x")}),
        {.store = store}};
    REQUIRE(runs.run_to_result(hello(), {.thread_id = "t"}).status() == run_status::interrupted);
    CHECK(keys["good"].size() == 1);
  }
  executor<chat> again{
      one_round({work, asks}, {call_of("1", "work", "good"), call_of("2", "asks", "x")}),
      {.store = store}};
  const auto ended =
      again.resume("t", answers::only(tool_answer{.type = tool_decision::accept})).join();
  REQUIRE(ended.done());
  CHECK(results(ended.state()) ==
        std::map<std::string, std::string>{{"1", "did good"}, {"2", "asked"}});
  CHECK(keys["good"].size() == 1);

  executor<chat> fails{one_round({work}, {call_of("1", "work", "bad")}), {.store = store}};
  REQUIRE(fails.run_to_result(hello(), {.thread_id = "u"}).status() == run_status::failed);
  repaired = true;
  REQUIRE(fails.resume("u").join().done());
  REQUIRE(keys["bad"].size() == 2);
  CHECK(keys["bad"][0] == keys["bad"][1]);
  CHECK(keys["bad"][0] != keys["good"][0]);
}

TEST_CASE("Cancelling the run tells the tools under way") {
  std::promise<void> started;
  std::promise<void> told;
  std::optional<tool_reply> kept;
  const auto endless = make_tool("endless", "", [&](const word&, tool_reply reply) {
    reply.on_cancel([&told] { told.set_value(); });
    kept = std::move(reply);
    started.set_value();
  });
  executor<chat> runs{one_round({endless}, {call_of("1", "endless", "a")})};
  const auto handle = runs.start(hello());
  started.get_future().wait();
  handle.cancel();
  told.get_future().wait();
  CHECK(handle.join().status() == run_status::cancelled);
  CHECK(kept->cancelled());
  kept.reset();
}

TEST_CASE("More calls in one message than the limit end the run") {
  std::vector<tool_call> calls(max_tool_calls + 1, call_of("1", "echo", "a"));
  executor<chat> runs{one_round({echo()}, std::move(calls))};
  const auto ended = runs.run_to_result(hello());
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->message().find("calls of tools in one message") != std::string::npos);
}

TEST_CASE("A tool node needs a field that keeps its messages") {
  CHECK_THROWS_AS(tool_node(tool_set{}, &chat_without_reducer::messages), error);
}

}  // namespace mcp::test
