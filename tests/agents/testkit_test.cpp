#include "mcp/agents/testkit.hpp"

#include "mcp/agents/scripted_model.hpp"
#include "mcp/agents/tool_loop.hpp"
#include "mcp/mcp.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mcp::test {
namespace {

using testkit::difference;
using testkit::fake_tool;
using testkit::unanswered;

message asks(std::vector<tool_call> calls) {
  return {.role = "assistant", .tool_calls = std::move(calls)};
}
message answers(const std::string& id) {
  return {.role = "tool", .content = "x", .tool_call_id = id};
}

}  // namespace

TEST_CASE("A trace is compared with what a test expects, and the difference is told", "[testkit]") {
  const std::vector<message> talk{asks({{"1", "search", R"({"text":"owls","limit":3})"}}),
                                  answers("1"), asks({{"2", "read", R"({"file":"a.md"})"}})};
  CHECK(difference(talk, {{"search", R"({"text":"owls"})"}, {"read"}}).empty());
  CHECK(difference(talk, {{"search"}}) ==
        "call 2 of read is not expected; the conversation has search "
        R"({"text":"owls","limit":3}, read {"file":"a.md"})");
  CHECK(
      difference(talk, {{"search"}, {"read"}, {"read"}}).starts_with("call 3 of read is missing"));
  CHECK(difference(talk, {{"read"}, {"read"}}).starts_with("call 1 is not of read"));
  CHECK(difference(talk, {{"search", R"({"text":"bats"})"}, {"read"}})
            .starts_with(R"(call 1 has not the arguments {"text":"bats"})"));
  CHECK_THROWS_AS(difference(talk, {{"search", "{"}, {"read"}}), error);
}

TEST_CASE("A conversation whose calls are not answered once each is told", "[testkit]") {
  const auto call = asks({{"1", "search", "{}"}});
  CHECK(unanswered({call, answers("1")}).empty());
  CHECK(unanswered({call}) == "the call \"1\" has no answer");
  CHECK(unanswered({call, answers("1"), answers("1")}) == "the call \"1\" is answered twice");
  CHECK(unanswered({answers("7")}) == "an answer to the unknown call \"7\"");
  CHECK(unanswered({call, call}) == "two calls have the id \"1\"");
}

TEST_CASE("A fake tool answers in turn and keeps what it was asked", "[testkit]") {
  const auto weather = std::make_shared<fake_tool>(
      "weather", std::vector<fake_tool::answer>{{"sunny"}, {"", error{errc::tool_failed, "down"}}},
      tool_options{.tell_model = true});
  const auto says = [](std::string id, const std::string& city) {
    return scripted_answer{
        .tool_calls = {{std::move(id), "weather", R"({"city":")" + city + R"("})"}}};
  };
  const auto model = scripted_model(
      {.rules = {{.answers = {says("1", "Oslo"), says("2", "Rome"), {.text = "done"}}}}});
  tool_set tools{weather};
  const auto talk = model_node(model, &chat_state::messages, {.tools = tools.descriptions()});
  executor<chat_state> agent{tool_loop("agent", talk, tools, &chat_state::messages)};
  const auto after = agent.run({.messages = {user_message("Weather?")}});
  CHECK(difference(after.messages, {{"weather", R"({"city":"Oslo"})"}, {"weather"}}).empty());
  CHECK(unanswered(after.messages).empty());
  CHECK(weather->calls() == std::vector<std::string>{R"({"city":"Oslo"})", R"({"city":"Rome"})"});
  CHECK(after.messages.at(2).content == "sunny");
  CHECK(after.messages.at(4).content.find("down") != std::string::npos);
  CHECK_THROWS_AS((fake_tool{"x", {}}), error);
}

}  // namespace mcp::test
