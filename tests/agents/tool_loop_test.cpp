#include "mcp/agents/tool_loop.hpp"

#include "mcp/mcp.hpp"
#include "support/catch.hpp"

namespace mcp::test {
namespace {

struct number {
  std::int64_t n = -1;
};
MCP_STRUCT(number, n)

tool_set counting() {
  return {make_tool("next", "", [](const number& a) { return std::to_string(a.n + 1); })};
}

std::int64_t count_of(const chat_state& s) {
  return s.messages.back().role == "tool" ? std::stoll(s.messages.back().content) : 0;
}

/// What a model that counts to `last` with a tool says next.
message next_words(const chat_state& s, std::int64_t last) {
  const auto n = count_of(s);
  auto said = assistant_message(n < last ? "" : "counted to " + std::to_string(n));
  if (n < last) {
    said.tool_calls.push_back(
        {.id = "call" + std::to_string(n), .name = "next", .arguments = to_json(number{n})});
  }
  return said;
}

auto plain_model(std::int64_t last) {
  return [last](const chat_state& s) {
    return update<chat_state>{}.append(&chat_state::messages, next_words(s, last));
  };
}
auto returning_model(std::int64_t last) {
  return [last](const chat_state& s, context&) {
    auto after = s;
    after.messages.push_back(next_words(s, last));
    return after;
  };
}
auto async_model(std::int64_t last) {
  return [last](const chat_state& s, reply<chat_state> out) {
    out.done(update<chat_state>{}.append(&chat_state::messages, next_words(s, last)));
  };
}
auto late_model(std::int64_t last) {
  return [last](const chat_state& s, context&, reply<chat_state> out) {
    out.done_after(milliseconds{1},
                   update<chat_state>{}.append(&chat_state::messages, next_words(s, last)));
  };
}

chat_state asked() {
  return {.messages = {user_message("count")}};
}

template <class Model>
run_result<chat_state> run(Model model, std::int64_t limit = 100) {
  executor<chat_state> runs{
      tool_loop("counter", std::move(model), counting(), &chat_state::messages)};
  return runs.run_to_result(asked(), {.recursion_limit = limit});
}

constexpr const char* sorry = "Sorry, need more steps to process this request.";

}  // namespace

TEST_CASE("A model and its tools take turns until the model asks for none") {
  for (const auto& ended :
       {run(plain_model(3)), run(returning_model(3)), run(async_model(3)), run(late_model(3))}) {
    REQUIRE(ended.done());
    CHECK(ended.state().messages.back().content == "counted to 3");
    CHECK(ended.state().messages.size() == 8);
  }
}

TEST_CASE("A loop that runs out of steps ends with an excuse, whichever turn would be the last") {
  for (std::int64_t limit = 2; limit < 8; ++limit) {
    INFO("recursion limit " << limit);
    for (const auto& ended : {run(plain_model(3), limit), run(returning_model(3), limit),
                              run(async_model(3), limit), run(late_model(3), limit)}) {
      REQUIRE(ended.done());
      CHECK(ended.state().messages.back().content == sorry);
      CHECK(ended.state().messages.back().tool_calls.empty());
    }
  }
}

TEST_CASE("A loop that has just enough steps makes no excuse") {
  CHECK(run(async_model(3), 8).state().messages.back().content == "counted to 3");
  CHECK(run(plain_model(3), 8).state().messages.back().content == "counted to 3");
}

TEST_CASE("A tool loop can be a node, drawn, and its nodes be named") {
  const auto loop = tool_loop("counter", async_model(1), counting(), &chat_state::messages,
                              {.model_node = "think", .tools_node = "act"});
  CHECK(loop.check().empty());
  CHECK(loop.draw(drawing::mermaid).find("think") != std::string::npos);
  auto outer = graph<chat_state>("outer").node("agent", loop).entry_point("agent");
  executor<chat_state> runs{outer};
  CHECK(runs.run(asked()).messages.back().content == "counted to 1");
}

TEST_CASE("An asynchronous model that fails or lets go of its reply fails the loop") {
  const auto fails = [](const chat_state&, reply<chat_state> out) { out.fail("no model"); };
  CHECK(run(fails).info.error.value().message() == "no model");
  const auto drops = [](const chat_state&, reply<chat_state>) {};
  CHECK(run(drops).info.error.value().code() == errc::reply_dropped);
}

}  // namespace mcp::test
