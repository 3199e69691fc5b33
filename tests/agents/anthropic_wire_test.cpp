#include "providers/anthropic_wire.hpp"

#include "agents/stream_probe.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace {

using mcp::chat_request;
using mcp::finish_reason;
using nlohmann::json;

auto wire() {
  return mcp::providers::anthropic_wire({.model = "claude-x", .max_tokens = 500});
}

json body_of(const chat_request& request, bool stream = false) {
  return json::parse(wire()->body(request, stream));
}

chat_request question() {
  return {.messages = {mcp::user_message("Hello")}};
}

chat_request structured() {
  auto request = question();
  request.output_schema = R"({"type":"object","properties":{"n":{"type":"integer"}}})";
  request.output_name = "plan";
  return request;
}

const mcp::tool_description weather{"weather", "Tells it", R"({"type":"object"})"};

std::string event(const json& data) {
  return "event: " + data["type"].get<std::string>() + "\ndata: " + data.dump() + "\n\n";
}

std::string tool_stream(const char* name, const std::vector<std::string>& pieces) {
  auto text =
      event(json::parse(R"({"type":"message_start","message":{"model":"claude-x-1","usage":
        {"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,
         "output_tokens":1}}})")) +
      event({{"type", "ping"}}) + event(json::parse(R"({"type":"content_block_start","index":0,
        "content_block":{"type":"text","text":""}})")) +
      event(json::parse(R"({"type":"content_block_delta","index":0,
        "delta":{"type":"text_delta","text":"Let me see "}})")) +
      event({{"type", "content_block_delta"},
             {"index", 0},
             {"delta", {{"type", "text_delta"}, {"text", "\xF0\x9F\x98\x80"}}}}) +
      event(json::parse(R"({"type":"content_block_stop","index":0})")) +
      event({{"type", "content_block_start"},
             {"index", 1},
             {"content_block",
              {{"type", "tool_use"}, {"id", "t1"}, {"name", name}, {"input", json::object()}}}});
  for (const auto& piece : pieces) {
    text += event({{"type", "content_block_delta"},
                   {"index", 1},
                   {"delta", {{"type", "input_json_delta"}, {"partial_json", piece}}}});
  }
  return text + event(json::parse(R"({"type":"content_block_stop","index":1})")) +
         event(json::parse(R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},
           "usage":{"output_tokens":42}})")) +
         event({{"type", "message_stop"}});
}

}  // namespace

TEST_CASE("An Anthropic request has its system text apart and messages of one role merged") {
  auto request = question();
  request.messages.insert(request.messages.begin(), {.role = "system", .content = "Be brief"});
  request.messages.push_back(mcp::user_message("Still there?"));
  request.messages.push_back(
      {.role = "assistant",
       .content = "Yes",
       .tool_calls = {{"t1", "weather", R"({"a":1})"}, {"t2", "weather", "broken"}}});
  request.messages.push_back(mcp::user_message("Go on"));
  request.messages.push_back({.role = "tool", .content = "sunny", .tool_call_id = "t1"});
  request.messages.push_back({.role = "tool", .content = "Error", .tool_call_id = "t2"});
  request.messages.push_back({.role = "system", .content = "Be kind"});
  request.messages.push_back(mcp::assistant_message(""));
  CHECK(body_of(request) == json::parse(R"({"model":"claude-x","max_tokens":500,
    "system":"Be brief\n\nBe kind","messages":[
    {"role":"user","content":[{"type":"text","text":"Hello"},
      {"type":"text","text":"Still there?"}]},
    {"role":"assistant","content":[{"type":"text","text":"Yes"},
      {"type":"tool_use","id":"t1","name":"weather","input":{"a":1}},
      {"type":"tool_use","id":"t2","name":"weather","input":{"malformed_arguments":"broken"}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"sunny"},
      {"type":"tool_result","tool_use_id":"t2","content":"Error"},
      {"type":"text","text":"Go on"}]}]})"));
}

TEST_CASE("An Anthropic request holds tools, the choice among them and settings") {
  auto request = question();
  request.tools = {weather, {"bare", "", ""}};
  request.stop = {"END"};
  request.temperature = 0.5;
  request.seed = 7;
  request.max_tokens = 9;
  const auto body = body_of(request, true);
  CHECK(body["tools"] == json::parse(R"([
    {"name":"weather","description":"Tells it","input_schema":{"type":"object"}},
    {"name":"bare","input_schema":{"type":"object","properties":{}}}])"));
  CHECK(body["stop_sequences"] == json{"END"});
  CHECK(body["temperature"] == 0.5);
  CHECK(body["max_tokens"] == 9);
  CHECK(body["stream"] == true);
  CHECK_FALSE(body.contains("seed"));
  CHECK_FALSE(body.contains("tool_choice"));
  request.tool_choice = mcp::tool_choice::required;
  CHECK(body_of(request)["tool_choice"] == json{{"type", "any"}});
  request.tool_choice = mcp::tool_choice::none;
  CHECK(body_of(request)["tool_choice"] == json{{"type", "none"}});
  request.tool_choice = mcp::tool_choice::named;
  request.tool = "bare";
  CHECK(body_of(request)["tool_choice"] == json{{"type", "tool"}, {"name", "bare"}});
}

TEST_CASE("Structured output of Anthropic is a tool that must be called") {
  auto request = structured();
  const auto alone = body_of(request);
  CHECK(alone["tool_choice"] == json{{"type", "tool"}, {"name", "plan"}});
  CHECK(alone["tools"][0]["input_schema"]["properties"]["n"]["type"] == "integer");
  request.tools = {weather};
  const auto beside = body_of(request);
  CHECK(beside["tool_choice"] == json{{"type", "any"}});
  CHECK(beside["tools"].size() == 2);
  request.output_name = "weather";
  CHECK_THROWS_WITH(body_of(request), Catch::Matchers::Contains("output_name \"weather\""));

  const auto answer = wire()->read(
      R"({"content":[{"type":"text","text":"Here:"},
          {"type":"tool_use","id":"t","name":"plan","input":{"n":3}}],"stop_reason":"tool_use"})",
      structured());
  CHECK(answer.reply == mcp::assistant_message(R"({"n":3})"));
  CHECK(answer.finish == finish_reason::stop);
}

TEST_CASE("A whole Anthropic answer is read with calls and usage") {
  const auto answer = wire()->read(
      R"({"model":"claude-x-1","content":[{"type":"thinking","thinking":"hm"},
          {"type":"text","text":"a"},{"type":"text","text":"b"},
          {"type":"tool_use","id":"t1","name":"weather","input":{"a":1}},
          {"type":"tool_use","id":"t2","name":"time"}],"stop_reason":"tool_use",
          "usage":{"input_tokens":10,"cache_read_input_tokens":5,
                   "cache_creation_input_tokens":2,"output_tokens":4}})",
      question());
  CHECK(answer.reply.content == "ab");
  CHECK(answer.reply.tool_calls ==
        std::vector<mcp::tool_call>{{"t1", "weather", R"({"a":1})"}, {"t2", "time", "{}"}});
  CHECK(answer.finish == finish_reason::tool_calls);
  CHECK(answer.usage == mcp::token_usage{.input = 17, .output = 4, .cached_input = 5});
  CHECK(answer.model == "claude-x-1");
}

TEST_CASE("Anthropic's reasons to stop are told apart") {
  const auto finish = [](const char* reason) {
    return wire()
        ->read(json{{"content", json::array()}, {"stop_reason", reason}}.dump(), question())
        .finish;
  };
  CHECK(finish("end_turn") == finish_reason::stop);
  CHECK(finish("stop_sequence") == finish_reason::stop);
  CHECK(finish("max_tokens") == finish_reason::length);
  CHECK(finish("refusal") == finish_reason::refused);
}

TEST_CASE("A streamed Anthropic answer is the same however its bytes are cut") {
  const auto text = tool_stream("weather", {"", "{\"city\":", "\"\xC3\x85s\"}"});
  const std::string_view view{text};
  const std::vector<mcp::tool_call> calls{{"t1", "weather", "{\"city\":\"\xC3\x85s\"}"}};
  for (std::size_t cut = 0; cut <= view.size(); ++cut) {
    const auto reader = wire()->reader(question());
    const auto got = test::read_stream(*reader, {view.substr(0, cut), view.substr(cut)});
    REQUIRE(got.done);
    REQUIRE(got.text == "Let me see \xF0\x9F\x98\x80");
    REQUIRE(got.calls == calls);
    REQUIRE(got.answer.reply.content == got.text);
    REQUIRE(got.answer.reply.tool_calls == calls);
    REQUIRE(got.answer.finish == finish_reason::tool_calls);
    REQUIRE(got.answer.usage == mcp::token_usage{.input = 17, .output = 42, .cached_input = 5});
    REQUIRE(got.answer.model == "claude-x-1");
  }
}

TEST_CASE("The input of a streamed tool may come in pieces cut at every byte") {
  const std::string input = R"({"q":"a \"quoted\" word","n":[1,{"x":null}]})";
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    const auto reader = wire()->reader(question());
    const auto text = tool_stream("search", {input.substr(0, cut), input.substr(cut)});
    const auto got = test::read_stream(*reader, {text});
    REQUIRE(got.answer.reply.tool_calls == std::vector<mcp::tool_call>{{"t1", "search", input}});
  }
}

TEST_CASE("Streamed structured output is the answer's text, and nothing else is") {
  const auto reader = wire()->reader(structured());
  const auto got = test::read_stream(*reader, {tool_stream("plan", {"{\"n\":", "3}"})});
  CHECK(got.text == R"({"n":3})");
  CHECK(got.calls.empty());
  CHECK(got.answer.reply == mcp::assistant_message(R"({"n":3})"));
  CHECK(got.answer.finish == finish_reason::stop);
}

TEST_CASE("An Anthropic stream that is cut, failed or confused is told apart") {
  const auto cut = wire()->reader(question());
  static_cast<void>(test::read_stream(*cut, {event({{"type", "ping"}})}));
  CHECK_FALSE(cut->complete());

  const auto failed = wire()->reader(question());
  try {
    static_cast<void>(test::read_stream(*failed, {event(json::parse(R"({"type":"error","error":
          {"type":"overloaded_error","message":"Overloaded"}})"))}));
    FAIL("the error was not reported");
  } catch (const mcp::providers::reported_failure& reported) {
    CHECK(reported.failure().error.code() == mcp::errc::server_failed);
    CHECK(reported.failure().passing);
  }

  const char* confused[] = {
      R"({"type":"content_block_delta","index":4,"delta":{"type":"text_delta","text":"x"}})",
      R"({"type":"content_block_start","content_block":{"type":"text"}})",
      R"({"type":"content_block_start","index":0})",
      R"({"type":7})",
  };
  for (const char* data : confused) {
    INFO(data);
    const auto reader = wire()->reader(question());
    const auto text = "data: " + std::string{data} + "\n\n";
    CHECK_THROWS_AS(test::read_stream(*reader, {text}), mcp::error);
  }
}
