#include "agents/http_server.hpp"
#include "mcp/agents/openai_embeddings.hpp"
#include "providers/openai_embedding_wire.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <future>

#include <nlohmann/json.hpp>

namespace embedding_transport_test {

using namespace mcp;
using Catch::Matchers::Contains;
using io::http_client;
using test::connection;

constexpr const char* whole_answer =
    R"({"object":"list","model":"m-1","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]},
        {"object":"embedding","index":1,"embedding":[1,0]}],"usage":{"prompt_tokens":5,"total_tokens":5}})";

::test::http_server::script once(std::string text) {
  return [text](connection& link) {
    link.read_request();
    link.send(text);
  };
}

struct heard {
  std::promise<embedding_outcome> ended{};
  std::shared_ptr<embedding_call> call{};
};

std::shared_ptr<heard> start(embedding_model& model) {
  auto made = std::make_shared<heard>();
  made->call = model.start({.texts = {"a", "b"}}, [made](embedding_outcome outcome) {
    made->ended.set_value(std::move(outcome));
  });
  return made;
}

model_failure failure_of(const ::test::http_server::script& script,
                         openai_embedding_options wanted = {}) {
  ::test::http_server server{script};
  http_client client;
  wanted.model = "m";
  wanted.endpoint.base_url = server.url("/v1");
  const auto model = providers::openai_embeddings(std::move(wanted), client);
  auto outcome = start(*model)->ended.get_future().get();
  REQUIRE(outcome.failure);
  UNSCOPED_INFO(outcome.failure->error.what());
  return std::move(*outcome.failure);
}

TEST_CASE("Embeddings come back from an OpenAI-compatible server", "[embedding]") {
  std::promise<std::string> request;
  ::test::http_server server{[&](connection& link) {
    request.set_value(link.read_request());
    link.send(::test::answer(200, "application/json", whole_answer));
  }};
  http_client client;
  setenv("MCP_TEST_EMBEDDING_KEY", "sk-embed-0123", 1);
  const auto model = providers::openai_embeddings(
      {.model = "m",
       .endpoint = {.base_url = server.url("/v1/"), .api_key_env = "MCP_TEST_EMBEDDING_KEY"},
       .dimensions = 2},
      client);
  unsetenv("MCP_TEST_EMBEDDING_KEY");
  const auto answer = embed(*model, {"a", "caf\xC3\xA9"});
  CHECK(answer.vectors == std::vector<std::vector<float>>{{0.6F, 0.8F}, {1.0F, 0.0F}});
  CHECK(answer.usage.input == 5);
  CHECK(answer.model == "m-1");
  const auto sent = request.get_future().get();
  CHECK(sent.starts_with("POST /v1/embeddings HTTP/1.1\r\n"));
  CHECK_THAT(sent, Contains("Authorization: Bearer sk-embed-0123\r\n"));
  CHECK(nlohmann::json::parse(sent.substr(sent.find("\r\n\r\n") + 4)) ==
        nlohmann::json{{"model", "m"}, {"input", {"a", "caf\xC3\xA9"}}, {"dimensions", 2}});
}

TEST_CASE("Failures of an embedding server are told apart as those of a model", "[embedding]") {
  const auto limited = failure_of(once(::test::answer(
      429, "application/json", R"({"error":{"message":"slow down"}})", "Retry-After: 3\r\n")));
  CHECK(limited.error.code() == errc::rate_limited);
  CHECK(limited.passing);
  CHECK(limited.retry_after == std::chrono::milliseconds{3000});
  const auto server = failure_of(once(::test::answer(500, "text/html", "<h1>oops</h1>")));
  CHECK(server.error.code() == errc::server_failed);
  CHECK(server.passing);
  const auto rejected =
      failure_of(once(::test::answer(400, "application/json", R"({"error":"too long"})")));
  CHECK(rejected.error.code() == errc::model_rejected);
  CHECK_FALSE(rejected.passing);
  const auto broken = failure_of([](connection& link) {
    link.read_request();
    link.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{");
    link.reset();
  });
  CHECK(broken.error.code() == errc::connection_failed);
  CHECK(broken.passing);
}

TEST_CASE("A retried call gets its embeddings from the second answer", "[embedding]") {
  std::atomic<int> asked{0};
  ::test::http_server server{[&](connection& link) {
    while (!link.read_request().empty()) {
      const bool first = asked++ == 0;
      link.send(first ? ::test::answer(503, "text/plain", "busy", "Retry-After: 0\r\n")
                      : ::test::answer(200, "application/json", whole_answer));
    }
  }};
  http_client client;
  const auto model = with_retry(
      providers::openai_embeddings({.model = "m", .endpoint = {.base_url = server.url("/v1")}},
                                   client),
      {.initial_interval = std::chrono::milliseconds{1}});
  CHECK(embed(*model, {"a", "b"}).vectors.size() == 2);
  CHECK(asked == 2);
}

TEST_CASE("Malformed, miscounted and endless embeddings are errors", "[embedding]") {
  const auto shown = [](const std::string& body, openai_embedding_options wanted = {}) {
    const auto failure = failure_of(once(::test::answer(200, "application/json", body)), wanted);
    CHECK(failure.error.code() == errc::malformed_answer);
    CHECK_FALSE(failure.passing);
    return failure.error.message();
  };
  CHECK_THAT(shown("{\"data\":["), Contains("is not JSON") && Contains("it begins: {\"data\":["));
  CHECK_THAT(shown(R"({"data":[{"embedding":[1]}]})"), Contains("1 embeddings for 2 texts"));
  CHECK_THAT(shown(whole_answer, {.dimensions = 3}), Contains("2 dimensions, not 3"));
  const auto endless = failure_of(
      [](connection& link) {
        link.read_request();
        link.send(::test::stream_head("application/json"));
        while (link.send(std::string(65'536, ' '))) {
        }
      },
      {.endpoint = {.max_answer_bytes = 1'000'000}});
  CHECK(endless.error.code() == errc::malformed_answer);
  CHECK_THAT(endless.error.message(), Contains("max_answer_bytes"));
}

TEST_CASE("Cancelling an embedding closes the socket", "[embedding]") {
  std::promise<void> asked;
  std::promise<void> closed;
  ::test::http_server server{[&](connection& link) {
    link.read_request();
    asked.set_value();
    link.wait_for_close();
    closed.set_value();
  }};
  http_client client;
  const auto model = providers::openai_embeddings(
      {.model = "m", .endpoint = {.base_url = server.url("/v1")}}, client);
  const auto got = start(*model);
  asked.get_future().wait();
  got->call->cancel();
  closed.get_future().wait();
  const auto outcome = got->ended.get_future().get();
  CHECK(outcome.failure->error.code() == errc::cancelled);
}

TEST_CASE("An embedding model without a name, key or address says so", "[embedding]") {
  http_client client;
  const auto made = [&](openai_embedding_options options) {
    return providers::openai_embeddings(std::move(options), client);
  };
  CHECK_THROWS_AS(made({}), error);
  CHECK_THROWS_AS(made({.model = "m", .endpoint = {.base_url = "nonsense"}}), error);
  CHECK_THROWS_AS(made({.model = "m", .dimensions = 99'999}), error);
  unsetenv("OPENAI_API_KEY");
  const auto outcome = start(*made({.model = "m"}))->ended.get_future().get();
  REQUIRE(outcome.failure);
  CHECK(outcome.failure->error.code() == errc::unauthorized);
  CHECK_THAT(outcome.failure->error.message(), Contains("OPENAI_API_KEY"));
  CHECK(made({.model = "m"})->name() == "openai/m");
}

}  // namespace embedding_transport_test
