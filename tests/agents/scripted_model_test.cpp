#include "providers/scripted_model.hpp"

#include "agents/virtual_loop.hpp"
#include "mcp/agents/model_policies.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
using mcp::chat_delta;
using mcp::errc;

namespace {

struct heard {
  std::vector<std::string> pieces{};
  std::vector<std::string> calls{};
  std::optional<mcp::chat_outcome> end{};
  int ends = 0;

  mcp::chat_handler handler() {
    return {.on_delta =
                [this](const chat_delta& d) {
                  if (d.what == chat_delta::kind::text) pieces.emplace_back(d.text);
                  if (d.what != chat_delta::kind::tool_call) return;
                  calls.push_back(std::string{d.id} + "/" + std::string{d.name} + "/" +
                                  std::string{d.text});
                },
            .on_end =
                [this](mcp::chat_outcome o) {
                  end = std::move(o);
                  ++ends;
                }};
  }
};

mcp::chat_request say(std::string text) {
  return {.messages = {mcp::user_message(std::move(text))}};
}

}  // namespace

TEST_CASE("A scripted model answers by the first rule that applies") {
  const auto model = mcp::scripted_model(
      {.rules = {{.contains = "weather", .answers = {{.text = "rain"}}},
                 {.equals = "hello", .answers = {{.text = "hi"}, {.text = "hi again"}}},
                 {.role = "tool", .answers = {{.text = "from a tool"}}},
                 {.matches = [](const auto& r) { return r.messages.size() == 2; },
                  .answer =
                      [](const auto& r) {
                        return mcp::scripted_answer{.text = r.messages[0].content};
                      }}}});
  const auto ask = [&](mcp::chat_request request) {
    heard h;
    model->start(std::move(request), h.handler());
    REQUIRE(h.ends == 1);
    REQUIRE(h.end->answer);
    return h.end->answer->reply.content;
  };
  CHECK(ask(say("the weather, please")) == "rain");
  CHECK(ask(say("hello")) == "hi");
  CHECK(ask(say("hello")) == "hi again");
  CHECK(ask(say("hello")) == "hi again");
  CHECK(ask({.messages = {{.role = "tool", .content = "x"}}}) == "from a tool");
  CHECK(ask({.messages = {mcp::user_message("a"), mcp::user_message("b")}}) == "a");
}

TEST_CASE("A scripted model without a rule for a question says so") {
  const auto model = mcp::scripted_model({.rules = {{.contains = "x", .answers = {{}}}}});
  heard h;
  model->start(say("nothing like it"), h.handler());
  REQUIRE(h.end->failure);
  CHECK(h.end->failure->error.code() == errc::model_rejected);
  CHECK_FALSE(h.end->failure->passing);
  CHECK_THAT(h.end->failure->error.message(), Catch::Contains("nothing like it"));
  CHECK_THROWS_AS(mcp::scripted_model({.rules = {{.contains = "x"}}}), mcp::error);
  CHECK_THROWS_AS(mcp::scripted_model({.piece_bytes = 0}), mcp::error);
}

TEST_CASE("A scripted model streams its text in pieces that keep characters whole") {
  const auto model = mcp::scripted_model(
      {.rules = {{.answers = {{.text = "a€€b",
                               .tool_calls = {{"", "find", R"({"q":1})"}, {"7", "stop", ""}}}}}},
       .piece_bytes = 3});
  heard h;
  model->start(say("go"), h.handler());
  CHECK(h.pieces == std::vector<std::string>{"a", "€", "€", "b"});
  CHECK(h.calls == std::vector<std::string>{"call_1_0/find/{\"q", "//\":1", "//}", "7/stop/"});
  REQUIRE(h.end->answer);
  CHECK(h.end->answer->finish == mcp::finish_reason::tool_calls);
  CHECK(h.end->answer->reply.content == "a€€b");
  CHECK(h.end->answer->usage.output > 0);
}

TEST_CASE("A scripted model keeps to the longest answer that was asked for") {
  const auto model =
      mcp::scripted_model({.rules = {{.answers = {{.text = std::string(100, 'x')}}}}});
  heard h;
  auto request = say("go");
  request.max_tokens = 5;
  model->start(request, h.handler());
  REQUIRE(h.end->answer);
  CHECK(h.end->answer->finish == mcp::finish_reason::length);
  CHECK(h.end->answer->usage.output == 5);
  CHECK(h.end->answer->usage.input == mcp::estimated_tokens(request));
}

TEST_CASE("A scripted answer with delays comes when it is due and can be cancelled at any time") {
  mcp::test::virtual_loop loop;
  const auto model = mcp::providers::make_scripted_model(
      {.rules = {{.answers = {{.text = "abcdef", .delay = 100ms}}}},
       .piece_bytes = 2,
       .piece_interval = 10ms},
      &loop);
  for (int cancel_at = 0; cancel_at <= 6; ++cancel_at) {
    heard h;
    const auto begun = loop.elapsed();
    const auto call = model->start(say("go"), h.handler());
    CHECK(h.ends == 0);
    for (int i = 0; i < cancel_at; ++i) loop.run_one();
    call->cancel();
    loop.run();
    call->cancel();
    loop.run();
    REQUIRE(h.ends == 1);
    if (cancel_at >= 4) {
      CHECK(h.end->answer);
      CHECK(h.pieces.size() == 3);
      CHECK(loop.elapsed() - begun == 130ms);
    } else {
      CHECK(h.end->failure->error.code() == errc::cancelled);
      CHECK(h.pieces.size() == static_cast<std::size_t>(cancel_at));
    }
  }
}
