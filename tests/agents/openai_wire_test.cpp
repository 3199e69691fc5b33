#include "providers/openai_wire.hpp"

#include "agents/stream_probe.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace {

using mcp::chat_request;
using mcp::finish_reason;
using mcp::openai_dialect;
using nlohmann::json;

auto wire(openai_dialect dialect = openai_dialect::openai, bool strict = false) {
  return mcp::providers::openai_wire(
      {.model = "gpt-x", .dialect = dialect, .strict_output = strict});
}

json body_of(const chat_request& request, bool stream = false,
             openai_dialect dialect = openai_dialect::openai) {
  return json::parse(wire(dialect)->body(request, stream));
}

chat_request question() {
  return {.messages = {mcp::user_message("Hello")}};
}

mcp::chat_answer read(const json& body) {
  return wire()->read(body.dump(), question());
}

mcp::errc code_of(const std::string& body) {
  try {
    static_cast<void>(wire()->read(body, question()));
  } catch (const mcp::error& failure) {
    return failure.code();
  }
  return mcp::errc::node_failed;
}

std::string chunk(const json& delta, const json& finish = nullptr) {
  const json whole{{"id", "chatcmpl-1"},
                   {"model", "gpt-x-2025"},
                   {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}}}};
  return "data: " + whole.dump() + "\r\n\r\n";
}

const mcp::tool_description weather{"weather", "Tells it", R"({"type":"object"})"};

}  // namespace

TEST_CASE("An OpenAI request holds messages, calls of tools and their results") {
  auto request = question();
  request.messages.insert(request.messages.begin(), {.role = "system", .content = "Be brief"});
  request.messages.push_back(
      {.role = "assistant", .tool_calls = {{"c1", "weather", R"({"a":1})"}}});
  request.messages.push_back({.role = "tool", .content = "sunny", .tool_call_id = "c1"});
  request.messages.push_back({.role = "user", .content = "So?", .name = "the critic"});
  CHECK(body_of(request) == json::parse(R"({"model":"gpt-x","messages":[
    {"role":"system","content":"Be brief"},{"role":"user","content":"Hello"},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"sunny"},
    {"role":"user","content":"So?","name":"the_critic"}]})"));
}

TEST_CASE("An OpenAI request holds tools, structured output and settings") {
  auto request = question();
  request.model = "other";
  request.tools = {weather};
  request.tool_choice = mcp::tool_choice::named;
  request.tool = "weather";
  request.output_schema = R"({"type":"object","properties":{}})";
  request.output_name = "plan";
  request.stop = {"END"};
  request.temperature = 0.5;
  request.seed = 7;
  request.max_tokens = 100;
  const auto expected = json::parse(R"({"model":"other",
    "messages":[{"role":"user","content":"Hello"}],
    "tools":[{"type":"function","function":{"name":"weather","description":"Tells it",
      "parameters":{"type":"object"}}}],
    "tool_choice":{"type":"function","function":{"name":"weather"}},
    "response_format":{"type":"json_schema","json_schema":{"name":"plan",
      "schema":{"type":"object","properties":{}}}},
    "stop":["END"],"temperature":0.5,"seed":7,"max_completion_tokens":100,
    "stream":true,"stream_options":{"include_usage":true}})");
  CHECK(body_of(request, true) == expected);

  const auto strict = json::parse(wire(openai_dialect::openai, true)->body(request, false));
  CHECK(strict["response_format"]["json_schema"]["strict"] == true);
}

TEST_CASE("The OpenAI dialects differ in the names of a few fields") {
  auto request = question();
  request.tools = {weather};
  request.tool_choice = mcp::tool_choice::required;
  request.seed = 7;
  request.max_tokens = 100;
  const auto compatible = body_of(request, true, openai_dialect::compatible);
  CHECK(compatible["max_tokens"] == 100);
  CHECK(compatible["tool_choice"] == "required");
  CHECK(compatible.contains("stream_options"));
  const auto mistral = body_of(request, true, openai_dialect::mistral);
  CHECK(mistral["random_seed"] == 7);
  CHECK(mistral["tool_choice"] == "any");
  CHECK_FALSE(mistral.contains("stream_options"));
  CHECK_FALSE(mistral.contains("seed"));
}

TEST_CASE("A request that no provider takes is refused with its place") {
  CHECK_THROWS_WITH(body_of({}), Catch::Matchers::Contains("at least one message"));
  CHECK_THROWS_WITH(body_of({.messages = {{.role = "oracle", .content = "x"}}}),
                    Catch::Matchers::Contains("message 0 has the role \"oracle\""));
  auto request = question();
  request.tools = {{"broken", "", "{"}};
  CHECK_THROWS_WITH(body_of(request), Catch::Matchers::Contains("broken is not JSON"));
  request.tools = {};
  request.tool_choice = mcp::tool_choice::named;
  request.tool = "gone";
  CHECK_THROWS_WITH(body_of(request), Catch::Matchers::Contains("\"gone\""));
}

TEST_CASE("Text that is no UTF-8 goes out with replacement characters") {
  const auto body = body_of({.messages = {mcp::user_message("a\xFFz")}});
  CHECK(body["messages"][0]["content"] == "a\xEF\xBF\xBDz");
}

TEST_CASE("A whole OpenAI answer is read with its usage") {
  const auto answer = read(json::parse(R"({"id":"x","model":"gpt-x-2025","choices":[
    {"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},
     "finish_reason":"stop"}],
    "usage":{"prompt_tokens":12,"completion_tokens":3,
      "prompt_tokens_details":{"cached_tokens":8}}})"));
  CHECK(answer.reply == mcp::assistant_message("Hi"));
  CHECK(answer.finish == finish_reason::stop);
  CHECK(answer.usage == mcp::token_usage{.input = 12, .output = 3, .cached_input = 8});
  CHECK(answer.model == "gpt-x-2025");
}

TEST_CASE("Parallel tool calls of a whole answer are read, with ids made where there are none") {
  const auto answer = read(json::parse(R"({"id":"x","choices":[{"message":{"content":null,
    "tool_calls":[{"id":"c1","type":"function","function":{"name":"a","arguments":"{\"n\":1}"}},
      {"function":{"name":"b","arguments":{"n":2}}}]},"finish_reason":"stop"}]})"));
  CHECK(answer.reply.content.empty());
  CHECK(answer.reply.tool_calls ==
        std::vector<mcp::tool_call>{{"c1", "a", R"({"n":1})"}, {"x-1", "b", R"({"n":2})"}});
  CHECK(answer.finish == finish_reason::tool_calls);
}

TEST_CASE("Refusals, cut answers and lists of parts are understood") {
  const auto finish = [](const char* message, const char* reason) {
    return read({{"choices", {{{"message", json::parse(message)}, {"finish_reason", reason}}}}});
  };
  const auto refused = finish(R"({"content":null,"refusal":"I will not"})", "stop");
  CHECK(refused.finish == finish_reason::refused);
  CHECK(refused.reply.content == "I will not");
  CHECK(finish(R"({"content":"x"})", "content_filter").finish == finish_reason::refused);
  CHECK(finish(R"({"content":"x"})", "length").finish == finish_reason::length);
  CHECK(finish(R"({"content":[{"type":"text","text":"a"},{"type":"thinking"},
                             {"type":"text","text":"b"}]})",
               "stop")
            .reply.content == "ab");
}

TEST_CASE("An answer of another shape is malformed, whatever it is") {
  const auto deep = [](std::size_t levels) { return std::string(levels, '['); };
  for (const std::string& body :
       {std::string{}, std::string{"<html>"}, std::string{"{\"choices\":["}, std::string{"null"},
        std::string{"[]"}, std::string{R"({"choices":[]})"}, std::string{R"({"choices":[{}]})"},
        std::string{R"({"choices":[{"message":{"content":7}}]})"},
        std::string{R"({"choices":[{"message":{"content":"x","tool_calls":[{}]}}]})"},
        std::string{R"({"choices":[{"message":{"content":"x"}}],"model":1})"},
        std::string{"{\"choices\":1e999}"}, std::string{"\"\xFF\""}, deep(300), deep(1'000'000)}) {
    INFO(body.substr(0, 60));
    CHECK(code_of(body) == mcp::errc::malformed_answer);
  }
  json many{{"choices", {{{"message", {{"tool_calls", json::array()}}}}}}};
  for (int i = 0; i < 257; ++i) {
    many["choices"][0]["message"]["tool_calls"].push_back({{"function", {{"name", "f"}}}});
  }
  CHECK(code_of(many.dump()) == mcp::errc::malformed_answer);
}

TEST_CASE("A streamed OpenAI answer is the same however its bytes are cut") {
  const auto call = [](int index, const char* id, const char* name, const char* arguments) {
    json piece{{"index", index}, {"function", {{"arguments", arguments}}}};
    if (*id != '\0') piece["id"] = id;
    if (*name != '\0') piece["function"]["name"] = name;
    return json{{"tool_calls", {piece}}};
  };
  const auto text =
      chunk({{"role", "assistant"}, {"content", ""}}) + ": keep-alive\r\n\r\n" +
      chunk({{"content", "caf\xC3\xA9 "}}) + chunk({{"content", "\xF0\x9F\x98\x80"}}) +
      chunk(call(0, "c1", "weather", "")) + chunk(call(0, "", "", "{\"city\":")) +
      chunk(call(1, "c2", "time", "{}")) + chunk(call(0, "", "", "\"\xC3\x85s\"}")) +
      chunk(json::object(), "tool_calls") +
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\r\n\r\n"
      "data: [DONE]\r\n\r\n";
  const std::string_view view{text};
  const std::vector<mcp::tool_call> calls{{"c1", "weather", "{\"city\":\"\xC3\x85s\"}"},
                                          {"c2", "time", "{}"}};
  for (std::size_t cut = 0; cut <= view.size(); ++cut) {
    const auto reader = wire()->reader(question());
    const auto got = test::read_stream(*reader, {view.substr(0, cut), view.substr(cut)});
    REQUIRE(got.done);
    REQUIRE(got.text == "caf\xC3\xA9 \xF0\x9F\x98\x80");
    REQUIRE(got.calls == calls);
    REQUIRE(got.answer.reply.content == got.text);
    REQUIRE(got.answer.reply.tool_calls == calls);
    REQUIRE(got.answer.finish == finish_reason::tool_calls);
    REQUIRE(got.answer.usage == mcp::token_usage{.input = 9, .output = 4});
    REQUIRE(got.answer.model == "gpt-x-2025");
  }
}

TEST_CASE("Arguments of a tool call may come in pieces cut at every byte") {
  const std::string arguments = R"({"q":"a \"quoted\" \u00e9 word","n":[1,2,{"x":null}]})";
  for (std::size_t cut = 0; cut <= arguments.size(); ++cut) {
    const auto piece = [&](std::string_view part, bool first) {
      json made{{"index", 0}, {"function", {{"arguments", part}}}};
      if (first) made["id"] = "c1";
      if (first) made["function"]["name"] = "search";
      return chunk({{"tool_calls", {made}}});
    };
    const auto text = piece(std::string_view{arguments}.substr(0, cut), true) +
                      piece(std::string_view{arguments}.substr(cut), false) +
                      chunk(json::object(), "tool_calls");
    const auto reader = wire()->reader(question());
    const auto got = test::read_stream(*reader, {text});
    REQUIRE(got.answer.reply.tool_calls ==
            std::vector<mcp::tool_call>{{"c1", "search", arguments}});
    REQUIRE(got.calls == got.answer.reply.tool_calls);
  }
}

TEST_CASE("Servers that do not number their tool calls are understood by the ids") {
  const auto piece = [](const char* text) { return chunk({{"tool_calls", json::parse(text)}}); };
  const auto text = piece(R"([{"id":"a","function":{"name":"f","arguments":"{"}}])") +
                    piece(R"([{"function":{"arguments":"}"}}])") +
                    piece(R"([{"id":"b","function":{"name":"g","arguments":""}}])") +
                    chunk(json::object(), "stop");
  const auto reader = wire()->reader(question());
  const auto got = test::read_stream(*reader, {text});
  CHECK(got.answer.reply.tool_calls ==
        std::vector<mcp::tool_call>{{"a", "f", "{}"}, {"b", "g", "{}"}});
  CHECK(got.answer.finish == finish_reason::tool_calls);
}

TEST_CASE("A stream is whole with a finish reason or [DONE], and not without") {
  const auto complete = [](const std::string& text) {
    const auto reader = wire()->reader(question());
    static_cast<void>(test::read_stream(*reader, {text}));
    return reader->complete();
  };
  CHECK_FALSE(complete(""));
  CHECK_FALSE(complete(chunk({{"content", "half an ans"}})));
  const auto reader = wire()->reader(question());
  const auto got = test::read_stream(*reader, {chunk({{"content", "x"}}), "data: [DONE]\n\n"});
  CHECK(got.done);
  CHECK(got.answer.reply.content == "x");
  CHECK_THROWS_AS(complete("data: [DONE]\n\n"), mcp::error);
}

TEST_CASE("An error in the middle of a stream says whether it passes") {
  const auto failure_of = [](const std::string& text) {
    const auto reader = wire()->reader(question());
    try {
      static_cast<void>(test::read_stream(*reader, {chunk({{"content", "x"}}), text}));
    } catch (const mcp::providers::reported_failure& reported) {
      return reported.failure();
    }
    return mcp::model_failure{};
  };
  const auto busy = failure_of("data: {\"error\":{\"message\":\"busy\",\"code\":503}}\n\n");
  CHECK(busy.error.code() == mcp::errc::server_failed);
  CHECK(busy.passing);
  const auto quota =
      failure_of("data: {\"error\":{\"message\":\"empty\",\"type\":\"insufficient_quota\"}}\n\n");
  CHECK(quota.error.code() == mcp::errc::quota_exhausted);
  CHECK_FALSE(quota.passing);
}

TEST_CASE("Pieces of a stream that are no OpenAI chunks are malformed") {
  for (const char* data :
       {"{\"choices\":[{", "7", "{\"choices\":[{\"delta\":{\"content\":{}}}]}"}) {
    INFO(data);
    const auto reader = wire()->reader(question());
    const auto text = "data: " + std::string{data} + "\n\n";
    CHECK_THROWS_AS(test::read_stream(*reader, {text}), mcp::error);
  }
  const auto reader = wire()->reader(question());
  std::string flood;
  for (int i = 0; i < 257; ++i) {
    flood += chunk({{"tool_calls", {{{"index", i * 1'000'000}, {"id", "c"}}}}});
  }
  CHECK_THROWS_WITH(test::read_stream(*reader, {flood}), Catch::Matchers::Contains("256"));
}

TEST_CASE("Statuses of a provider are told apart by what a caller can do") {
  struct row {
    int status;
    const char* body;
    mcp::errc code;
    bool passing;
  };
  using mcp::errc;
  const row rows[] = {
      {400, R"({"error":{"message":"bad tool"}})", errc::model_rejected, false},
      {404, R"({"error":"no such model"})", errc::model_rejected, false},
      {413, "", errc::model_rejected, false},
      {422, R"({"detail":[{"loc":["body"],"msg":"extra"}]})", errc::model_rejected, false},
      {401, R"({"message":"who?"})", errc::unauthorized, false},
      {403, "no", errc::unauthorized, false},
      {402, "pay", errc::quota_exhausted, false},
      {429, R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})", errc::rate_limited,
       true},
      {429, R"({"error":{"message":"x","code":"insufficient_quota"}})", errc::quota_exhausted,
       false},
      {400, R"({"type":"error","error":{"type":"invalid_request_error",
        "message":"Your credit balance is too low to go on"}})",
       errc::quota_exhausted, false},
      {408, "", errc::server_failed, true},
      {409, "", errc::server_failed, true},
      {500, "<html>", errc::server_failed, true},
      {529, R"({"error":{"type":"overloaded_error"}})", errc::server_failed, true},
      {302, "", errc::malformed_answer, false},
      {204, "", errc::malformed_answer, false},
  };
  for (const auto& row : rows) {
    INFO(row.status << ' ' << row.body);
    const auto failure = mcp::providers::failure_of_status({.status = row.status}, row.body, {});
    CHECK(failure.error.code() == row.code);
    CHECK(failure.passing == row.passing);
  }
  const auto rejected = mcp::providers::failure_of_status({.status = 400}, rows[0].body, {});
  CHECK(rejected.error.message() == "HTTP 400: bad tool");
}

TEST_CASE("Retry-After is read in seconds, milliseconds and as a date") {
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::from_time_t(784111770);  // 1994-11-06 08:49:30
  const auto wait = [&](const char* name, const char* value) {
    return mcp::providers::retry_after({.status = 429, .headers = {{name, value}}}, now);
  };
  CHECK(wait("Retry-After", "20") == milliseconds{20'000});
  CHECK(wait("retry-after", "0.5") == milliseconds{500});
  CHECK(wait("retry-after-ms", "15") == milliseconds{15});
  CHECK(wait("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT") == milliseconds{7'000});
  CHECK(wait("Retry-After", "Sun, 06 Nov 1994 08:49:00 GMT") == milliseconds{0});
  CHECK(wait("Retry-After", "1e300") == std::chrono::hours{24});
  CHECK(wait("Retry-After", "-5") == milliseconds{0});
  CHECK_FALSE(wait("Retry-After", "soon"));
  CHECK_FALSE(wait("Retry-After", "nan"));
  CHECK_FALSE(wait("Other", "20"));
}
