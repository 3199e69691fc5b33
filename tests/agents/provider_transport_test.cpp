#include "agents/http_server.hpp"
#include "mcp/agents/model_policies.hpp"
#include "providers/http_model.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using mcp::chat_outcome;
using mcp::errc;
using mcp::io::http_client;
using nlohmann::json;
using std::chrono::milliseconds;
using test::connection;

constexpr const char* whole_answer =
    R"({"id":"x","model":"m-1","choices":[{"message":{"role":"assistant","content":"Hi"},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}})";

std::string piece(std::string_view text) {
  return "data: " + json{{"choices", {{{"index", 0}, {"delta", {{"content", text}}}}}}}.dump() +
         "\n\n";
}

const std::string ending =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

mcp::openai_options options_for(const test::http_server& server) {
  return {.model = "m", .endpoint = {.base_url = server.url("/v1")}};
}

/// Calls are counted by address, model and key, whatever stands around the model.
[[nodiscard]] std::string account(const std::string& url, const std::string& variable = {}) {
  return mcp::with_retry(
             mcp::openai_model(
                 {.model = "m", .endpoint = {.base_url = url, .api_key_env = variable}}))
      ->account();
}

mcp::chat_request question() {
  return {.messages = {mcp::user_message("Hello")}};
}

struct heard {
  std::string text{};
  std::promise<void> first{};
  bool any = false;
  std::promise<chat_outcome> ended{};
  std::shared_ptr<mcp::chat_call> call{};

  chat_outcome wait() { return ended.get_future().get(); }
};

std::shared_ptr<heard> start(mcp::chat_model& model, bool stream) {
  auto made = std::make_shared<heard>();
  mcp::chat_handler handler;
  handler.on_end = [made](chat_outcome outcome) { made->ended.set_value(std::move(outcome)); };
  if (stream) {
    handler.on_delta = [made](const mcp::chat_delta& delta) {
      made->text += delta.text;
      if (!std::exchange(made->any, true)) made->first.set_value();
    };
  }
  made->call = model.start(question(), std::move(handler));
  return made;
}

/// How a call of a server that plays `script` ends.
chat_outcome outcome_of(const test::http_server::script& script, bool stream,
                        mcp::openai_options wanted = {}) {
  test::http_server server{script};
  http_client client;
  wanted.model = "m";
  wanted.endpoint.base_url = server.url("/v1");
  const auto model = mcp::providers::openai_model(std::move(wanted), client);
  return start(*model, stream)->wait();
}

mcp::model_failure failure_of(const test::http_server::script& script, bool stream = false,
                              mcp::openai_options wanted = {}) {
  auto outcome = outcome_of(script, stream, std::move(wanted));
  REQUIRE_FALSE(outcome.answer);
  REQUIRE(outcome.failure);
  UNSCOPED_INFO(outcome.failure->error.what());
  return std::move(*outcome.failure);
}

test::http_server::script once(std::string text) {
  return [text](connection& link) {
    link.read_request();
    link.send(text);
  };
}

}  // namespace

TEST_CASE("An account is an address, a model and where the key is from") {
  const std::string own =
      "openai/m at https://api.openai.com:443 with the key from the environment "
      "variable OPENAI_API_KEY";
  CHECK(account("") == own);
  CHECK(account("https://API.openai.com/v1/", "OPENAI_API_KEY") == own);
  CHECK(account("https://api.openai.com/v1", "OTHER_KEY") != own);
  CHECK(account("http://localhost:8000/v1") == "openai-compatible/m at http://localhost:8000");
  const mcp::rate_limit slow{.requests_per_minute = 6};
  const auto first = mcp::with_limit(
      mcp::openai_model({.model = "m", .endpoint = {.base_url = "http://localhost:1/v1"}}), slow);
  CHECK_NOTHROW(mcp::with_limit(
      mcp::openai_model({.model = "m", .endpoint = {.base_url = "http://localhost:2/v1"}}),
      {.requests_per_minute = 60}));
  CHECK_THROWS_WITH(
      mcp::with_limit(
          mcp::openai_model({.model = "m", .endpoint = {.base_url = "http://localhost:1/"}}),
          {.requests_per_minute = 60}),
      Catch::Matchers::Contains("openai-compatible/m at http://localhost:1"));
}

TEST_CASE("A whole answer comes back from an OpenAI-compatible server") {
  std::promise<std::string> request;
  test::http_server server{[&](connection& link) {
    request.set_value(link.read_request());
    link.send(test::answer(200, "application/json; charset=utf-8", whole_answer));
  }};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  CHECK(model->name() == "openai-compatible/m");
  const auto answer = mcp::ask(*model, question());
  CHECK(answer.reply == mcp::assistant_message("Hi"));
  CHECK(answer.usage.total() == 3);
  const auto sent = request.get_future().get();
  CHECK(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  CHECK(sent.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(sent.find("Authorization") == std::string::npos);
  CHECK(json::parse(sent.substr(sent.find("\r\n\r\n") + 4))["model"] == "m");
}

TEST_CASE("A model that is asked within a trace says where in it") {
  std::vector<std::string> requests;
  test::http_server server{[&](connection& link) {
    for (int i = 0; i < 2; ++i) {
      requests.push_back(link.read_request());
      link.send(test::answer(200, "application/json", whole_answer));
    }
  }};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  auto traced = question();
  traced.tag.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  static_cast<void>(mcp::ask(*model, traced));
  static_cast<void>(mcp::ask(*model, question()));
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].find("traceparent: " + traced.tag.traceparent + "\r\n") != std::string::npos);
  CHECK(requests[1].find("traceparent") == std::string::npos);
}

TEST_CASE("A streamed answer comes in pieces, even one byte at a time") {
  const auto text = ": keep-alive\n\n" + piece("caf\xC3\xA9 ") + piece("\xF0\x9F\x98\x80") + ending;
  test::http_server server{[&](connection& link) {
    link.read_request();
    link.send(test::stream_head("text/event-stream; charset=utf-8"));
    for (const char byte : text) link.send({&byte, 1});
  }};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  const auto got = start(*model, true);
  const auto outcome = got->wait();
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->reply.content == "caf\xC3\xA9 \xF0\x9F\x98\x80");
  CHECK(got->text == outcome.answer->reply.content);
}

TEST_CASE("An answer is there with [DONE], though the server keeps the stream open") {
  const auto outcome = outcome_of(
      [](connection& link) {
        link.read_request();
        link.send(test::stream_head() + piece("x") + ending);
        link.wait_for_close();
      },
      true);
  REQUIRE(outcome.answer);
  CHECK(outcome.answer->reply.content == "x");
}

TEST_CASE("A server that does not stream though it was asked to is understood") {
  test::http_server server{once(test::answer(200, "application/json", whole_answer))};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  const auto got = start(*model, true);
  CHECK(got->wait().answer->reply.content == "Hi");
  CHECK(got->text == "Hi");
}

TEST_CASE("An Anthropic server is asked with its own headers and answers") {
  std::promise<std::string> request;
  test::http_server server{[&](connection& link) {
    request.set_value(link.read_request());
    link.send(
        test::answer(200, "application/json",
                     R"({"content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"})"));
  }};
  setenv("MCP_TEST_KEY", " sk-ant-1234\n", 1);
  http_client client;
  const auto model = mcp::providers::anthropic_model(
      {.model = "claude-x",
       .endpoint = {.base_url = server.url("/v1/"), .api_key_env = "MCP_TEST_KEY"}},
      client);
  unsetenv("MCP_TEST_KEY");
  CHECK(mcp::ask(*model, question()).reply.content == "Hi");
  const auto sent = request.get_future().get();
  CHECK(sent.starts_with("POST /v1/messages HTTP/1.1\r\n"));
  CHECK(sent.find("x-api-key: sk-ant-1234\r\n") != std::string::npos);
  CHECK(sent.find("anthropic-version: 2023-06-01\r\n") != std::string::npos);
}

TEST_CASE("A missing key is said with its variable or file, and not needed on the loopback") {
  http_client client;
  const auto failure = [&](mcp::model_endpoint endpoint) {
    const auto model =
        mcp::providers::openai_model({.model = "m", .endpoint = std::move(endpoint)}, client);
    const auto outcome = start(*model, false)->wait();
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->error.code() == errc::unauthorized);
    CHECK_FALSE(outcome.failure->passing);
    return outcome.failure->error.message();
  };
  using Catch::Matchers::Contains;
  unsetenv("OPENAI_API_KEY");
  CHECK_THAT(failure({}), Contains("OPENAI_API_KEY"));
  CHECK_THAT(failure({.base_url = "https://far.example/v1", .api_key_env = "MCP_TEST_NO_KEY"}),
             Contains("MCP_TEST_NO_KEY"));
  CHECK_THAT(failure({.base_url = "https://far.example/v1", .api_key_file = "/nowhere/key"}),
             Contains("/nowhere/key"));
  setenv("MCP_TEST_BAD_KEY", "sk\r\nX-Evil: 1", 1);
  const auto bad =
      failure({.base_url = "https://far.example/v1", .api_key_env = "MCP_TEST_BAD_KEY"});
  unsetenv("MCP_TEST_BAD_KEY");
  CHECK_THAT(bad, Contains("MCP_TEST_BAD_KEY") && !Contains("Evil"));
  CHECK_THROWS_AS(mcp::openai_model({.model = "m", .endpoint = {.base_url = "nonsense"}}),
                  mcp::error);
}

TEST_CASE("A key from a file is sent, and blotted out where a server echoes it") {
  const auto path =
      std::filesystem::temp_directory_path() / ("mcp-test-key-" + std::to_string(::getpid()));
  std::ofstream{path} << "sk-secret-0123456789\nmore\n";
  const std::string echo = "your key sk-secret-0123456789 is bad, and so is header-value-1";
  for (const auto& [status, type, body] :
       {std::tuple{401, "application/json", json{{"error", {{"message", echo}}}}.dump()},
        std::tuple{500, "text/plain", echo},
        std::tuple{200, "application/json", std::string(180, 'x') + "sk-secret-0123456789"},
        std::tuple{200, "text/html", echo}}) {
    const auto failure = failure_of(
        once(test::answer(status, type, body)), false,
        {.endpoint = {.api_key_file = path.string(), .headers = {{"X-Own", "header-value-1"}}}});
    CHECK(failure.error.message().find("sk-s") == std::string::npos);
    CHECK(failure.error.message().find("header-value-1") == std::string::npos);
    if (status == 401) {
      CHECK(failure.error.message().find("the key is from the file") != std::string::npos);
    }
  }
  std::promise<std::string> request;
  static_cast<void>(failure_of([&](connection& link) { request.set_value(link.read_request()); },
                               false, {.endpoint = {.api_key_file = path.string()}}));
  CHECK(request.get_future().get().find("Authorization: Bearer sk-secret-0123456789\r\n") !=
        std::string::npos);
  std::filesystem::remove(path);
}

TEST_CASE("A provider's failures are told apart, with the time that it asks for") {
  const auto limited = failure_of(once(test::answer(
      429, "application/json", R"({"error":{"message":"slow down"}})", "Retry-After: 3\r\n")));
  CHECK(limited.error.code() == errc::rate_limited);
  CHECK(limited.passing);
  CHECK(limited.retry_after == milliseconds{3000});
  CHECK(limited.error.message().find("slow down") != std::string::npos);

  const auto server = failure_of(once(test::answer(500, "text/html", "<h1>oops</h1>")), true);
  CHECK(server.error.code() == errc::server_failed);
  CHECK(server.passing);
  CHECK_FALSE(server.retry_after);

  const auto rejected =
      failure_of(once(test::answer(400, "application/json", R"({"error":"no"})")));
  CHECK(rejected.error.code() == errc::model_rejected);
  CHECK_FALSE(rejected.passing);
}

TEST_CASE("Streams that break are passing failures of the connection") {
  const auto broken = [](bool reset) {
    return [reset](connection& link) {
      link.read_request();
      link.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
          "Content-Length: 9999\r\n\r\n" +
          piece("half"));
      if (reset) link.reset();
    };
  };
  for (const bool reset : {false, true}) {
    const auto failure = failure_of(broken(reset), true);
    CHECK(failure.error.code() == errc::connection_failed);
    CHECK(failure.passing);
  }
  const auto early = failure_of(once(test::stream_head() + piece("half")), true);
  CHECK(early.error.code() == errc::connection_failed);
  CHECK(early.passing);
}

TEST_CASE("Answers that are no answers are malformed, and the error shows how they begin") {
  const auto shown = [](const std::string& text, bool stream) {
    const auto failure = failure_of(once(text), stream);
    CHECK(failure.error.code() == errc::malformed_answer);
    CHECK_FALSE(failure.passing);
    return failure.error.message();
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(shown(test::answer(200, "application/json", "{\"choices\":["), false),
             Contains("is not JSON") && Contains("it begins: {\"choices\":["));
  CHECK_THAT(shown(test::answer(200, "text/html", "<html>login</html>"), true),
             Contains("text/html") && Contains("<html>login"));
  CHECK_THAT(shown(test::answer(200, "text/event-stream", piece("x")), false),
             Contains("not application/json"));
  CHECK_THAT(shown(test::stream_head() + "data: {oops\n\n", true), Contains("is not JSON"));
  CHECK_THAT(shown(test::answer(302, "", "", "Location: /x\r\n"), false), Contains("base URL"));
}

TEST_CASE("A provider with a wrong or expired certificate is not asked, and not tried again") {
  for (const test::tls_identity& identity :
       {test::tls_identity{.name = "other.example"}, test::tls_identity{.expired = true}}) {
    std::atomic<int> requests{0};
    test::http_server server{
        [&](connection& link) { requests += link.read_request().empty() ? 0 : 1; }, identity};
    http_client client;
    const auto model = mcp::providers::openai_model(
        {.model = "m", .endpoint = {.base_url = server.url("/v1"), .ca_file = server.ca_file()}},
        client);
    const auto outcome = start(*model, true)->wait();
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->error.code() == errc::connection_failed);
    CHECK_FALSE(outcome.failure->passing);
    CHECK(outcome.failure->error.message().find("certificate") != std::string::npos);
    CHECK(requests == 0);
  }
}

TEST_CASE("A malformed stream is given up at once") {
  std::promise<void> closed;
  const auto failure = failure_of(
      [&](connection& link) {
        link.read_request();
        link.send(test::stream_head() + "data: {oops\n\n");
        link.wait_for_close();
        closed.set_value();
      },
      true);
  CHECK(failure.error.code() == errc::malformed_answer);
  closed.get_future().wait();
}

TEST_CASE("An endless answer ends at its limit, whole and streamed") {
  const auto flood = [](const char* type, std::string bytes) {
    return [type, bytes](connection& link) {
      link.read_request();
      link.send(test::stream_head(type));
      while (link.send(bytes)) {
      }
    };
  };
  const mcp::openai_options small{.endpoint = {.max_answer_bytes = 1'000'000}};
  for (const auto& script : {flood("application/json", std::string(65'536, ' ')),
                             flood("text/event-stream", piece(std::string(10'000, 'x'))),
                             flood("text/event-stream", std::string(65'536, ':'))}) {
    const auto failure = failure_of(script, true, small);
    CHECK(failure.error.code() == errc::malformed_answer);
    CHECK(failure.error.message().find("max_answer_bytes") != std::string::npos);
  }
}

TEST_CASE("An answer of 100 MB is refused, and comes back whole where the limit allows it") {
  const std::string text(100'000'000, 'x');
  const auto script =
      once(test::answer(200, "application/json",
                        R"({"choices":[{"message":{"role":"assistant","content":")" + text +
                            R"("},"finish_reason":"stop"}]})"));
  const auto failure = failure_of(script);
  CHECK(failure.error.code() == errc::malformed_answer);
  CHECK(failure.error.message().find("max_answer_bytes, 16777216") != std::string::npos);
  CHECK_FALSE(failure.passing);
  const auto outcome = outcome_of(script, false, {.endpoint = {.max_answer_bytes = 200'000'000}});
  REQUIRE(outcome.answer);
  CHECK((outcome.answer->reply == mcp::assistant_message(text)));  // too long to be shown
}

TEST_CASE("A model that does not answer in time fails, naming the limit") {
  const auto failure = failure_of(
      [](connection& link) {
        link.read_request();
        link.wait_for_close();
      },
      false, {.endpoint = {.timeouts = {.first_byte = milliseconds{50}}}});
  CHECK(failure.error.code() == errc::call_timeout);
  CHECK(failure.passing);
  CHECK(failure.error.message().find("first byte limit") != std::string::npos);
}

TEST_CASE("Cancelling a streamed call closes the socket and ends it once") {
  std::promise<void> closed;
  test::http_server server{[&](connection& link) {
    link.read_request();
    link.send(test::stream_head() + piece("x"));
    link.wait_for_close();
    closed.set_value();
  }};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  const auto got = start(*model, true);
  got->first.get_future().wait();
  got->call->cancel();
  closed.get_future().wait();
  const auto outcome = got->wait();
  CHECK(outcome.failure->error.code() == errc::cancelled);
  CHECK_FALSE(outcome.failure->passing);
}

TEST_CASE("A handler that throws ends its call with what it threw") {
  test::http_server server{once(test::stream_head() + piece("x") + ending)};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  std::promise<chat_outcome> ended;
  const auto call = model->start(
      question(),
      {.on_delta = [](const mcp::chat_delta&) { throw std::runtime_error{"my own trouble"}; },
       .on_end = [&](chat_outcome outcome) { ended.set_value(std::move(outcome)); }});
  const auto outcome = ended.get_future().get();
  REQUIRE(outcome.failure);
  CHECK(outcome.failure->error.message().find("my own trouble") != std::string::npos);
}

TEST_CASE("A request that cannot be said fails through the handler") {
  test::http_server server{once("")};
  http_client client;
  const auto model = mcp::providers::openai_model(options_for(server), client);
  CHECK_THROWS_AS(mcp::ask(*model, {}), mcp::error);
  CHECK(server.connections() == 0);
}
