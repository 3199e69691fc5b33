#include "mcp/agents/embedding_model.hpp"

#include "agents/virtual_loop.hpp"
#include "io/encoding.hpp"
#include "memory/vector_math.hpp"
#include "providers/carried_embeddings.hpp"
#include "providers/limited_model.hpp"
#include "providers/openai_embedding_wire.hpp"
#include "providers/retrying_model.hpp"
#include "support/catch.hpp"
#include "support/code_of.hpp"

#include <cstring>

#include <nlohmann/json.hpp>

namespace embedding_model_test {

using namespace mcp;
using mcp::test::code_of;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;
using vectors = std::vector<std::vector<float>>;

double closeness(const std::string& a, const std::string& b) {
  const auto model = hashing_embeddings();
  const auto both = embed(*model, {a, b}).vectors;
  return memories::dot(both[0], both[1]);
}

TEST_CASE("Hashed texts are close when they have words in common", "[embedding]") {
  CHECK(closeness("Ann likes green tea", "ann LIKES green tea!") == Approx(1.0));
  CHECK(closeness("Ann likes green tea", "green tea for Ann") > 0.3);
  CHECK(closeness("Ann likes green tea", "trains leave at noon") < 0.2);
  CHECK(closeness("Ann likes green tea", "...") == 0.0);
  // The same on every machine.
  const auto model = hashing_embeddings({.dimensions = 4, .longest_gram = 1});
  const auto first = embed(*model, {"tea"});
  CHECK(first.vectors == embed(*model, {"tea"}).vectors);
  CHECK(memories::dot(first.vectors[0], first.vectors[0]) == Approx(1.0));
  CHECK(model->name() == "hashing/1-grams-4");
  CHECK(first.usage.input == 1);
}

TEST_CASE("Requests and options beyond the limits of embeddings are refused", "[embedding]") {
  const auto model = hashing_embeddings();
  const auto embedded = [&](std::vector<std::string> texts) {
    return [&model, texts] { static_cast<void>(embed(*model, texts)); };
  };
  CHECK(code_of(embedded({})) == errc::invalid_argument);
  CHECK(code_of(embedded({"a", ""})) == errc::invalid_argument);
  CHECK(code_of(embedded(std::vector<std::string>(257, "a"))) == errc::invalid_argument);
  CHECK(code_of(embedded({std::string(max_embedding_text_bytes + 1, 'a')})) ==
        errc::invalid_argument);
  CHECK_NOTHROW(embedded(std::vector<std::string>(256, "a"))());
  CHECK_THROWS_AS(hashing_embeddings({.dimensions = 0}), error);
  CHECK_THROWS_AS(hashing_embeddings({.dimensions = 16'385}), error);
  CHECK_THROWS_AS(hashing_embeddings({.longest_gram = 0}), error);
  CHECK_THROWS_AS(with_retry(std::shared_ptr<embedding_model>{}), error);
}

TEST_CASE("Vectors survive being packed, and damaged bytes are found", "[embedding]") {
  const vectors some{{1.5F, -2.0F}, {0.0F, 3e30F}};
  CHECK(providers::unpack_vectors(providers::pack_vectors(some)) == some);
  const auto bytes = providers::pack_vectors(some);
  for (const auto& damaged :
       {std::string{}, std::string{"abc"}, bytes.substr(0, 4) + "x", std::string(8, '\0')}) {
    CHECK(code_of([&] { static_cast<void>(providers::unpack_vectors(damaged)); }) ==
          errc::malformed_answer);
  }
}

TEST_CASE("Base64 is read and written, and nothing else is taken for it", "[embedding]") {
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe", "//4="}}) {
    CHECK(io::to_base64(bytes) == text);
    CHECK(io::from_base64(text) == bytes);
  }
  for (const std::string text :
       {"Z", "Zg=", "Zg==Zg==", "====", "Zm9 ", " Zm9", "Zm\n9", "Z*9v", "Z==="}) {
    INFO(text);
    CHECK_FALSE(io::from_base64(text));
  }
  CHECK(io::sha256_hex("abc").substr(0, 16) == "ba7816bf8f01cfea");
}

// ---- the protocol -----------------------------------------------------------------------------

chat_request carried(const std::vector<std::string>& texts) {
  chat_request request;
  for (const auto& text : texts) request.messages.push_back(user_message(text));
  return request;
}

vectors read(const std::string& body, std::size_t texts, std::size_t dimensions = 0) {
  const auto wire = providers::openai_embedding_wire({.model = "m", .dimensions = dimensions});
  const auto answer = wire->read(body, carried(std::vector<std::string>(texts, "x")));
  return providers::unpack_vectors(answer.reply.content);
}

TEST_CASE("A request for embeddings names model, texts and dimension", "[embedding]") {
  const auto body = [](openai_dialect dialect, std::size_t dimensions) {
    const auto wire = providers::openai_embedding_wire(
        {.model = "m", .dialect = dialect, .dimensions = dimensions});
    return json::parse(wire->body(carried({"a", "b"}), false));
  };
  CHECK(body(openai_dialect::openai, 0) == json{{"model", "m"}, {"input", {"a", "b"}}});
  CHECK(body(openai_dialect::compatible, 8)["dimensions"] == 8);
  CHECK(body(openai_dialect::mistral, 8)["output_dimension"] == 8);
  const auto wire = providers::openai_embedding_wire({.model = "m"});
  CHECK(wire->name() == "openai-compatible/m");
  CHECK(wire->path() == "/embeddings");
  CHECK(wire->headers("k").at(0).value == "Bearer k");
}

TEST_CASE("Embeddings are put in the order of their texts", "[embedding]") {
  CHECK(read(R"({"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2.5]}]})", 2) ==
        vectors{{1.0F, 2.5F}, {3.0F, 4.0F}});
  CHECK(read(R"({"data":[{"embedding":[1]},{"embedding":[2]}]})", 2) == vectors{{1.0F}, {2.0F}});
  const std::vector<float> one{1.5F, -2.0F};
  const std::string bytes(reinterpret_cast<const char*>(one.data()), 8);
  CHECK(read(json{{"data", {{{"embedding", io::to_base64(bytes)}}}}}.dump(), 1) == vectors{one});
}

TEST_CASE("Answers that do not fit the texts are malformed", "[embedding]") {
  const auto refused = [](const std::string& body, std::size_t texts, std::size_t dimensions = 0) {
    INFO(body);
    CHECK(code_of([&] { static_cast<void>(read(body, texts, dimensions)); }) ==
          errc::malformed_answer);
  };
  refused("{", 1);
  refused("[]", 1);
  refused("{}", 1);
  refused(R"({"data":{}})", 1);
  refused(R"({"data":[]})", 1);
  refused(R"({"data":[{"embedding":[1]},{"embedding":[1]}]})", 1);
  refused(R"({"data":[{"embedding":[1]}]})", 2);
  refused(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})", 2);
  refused(R"({"data":[{"index":9,"embedding":[1]}]})", 1);
  refused(R"({"data":[{}]})", 1);
  refused(R"({"data":[7]})", 1);
  refused(R"({"data":[{"embedding":[]}]})", 1);
  refused(R"({"data":[{"embedding":["1"]}]})", 1);
  refused(R"({"data":[{"embedding":[1e300]}]})", 1);
  refused(R"({"data":[{"embedding":"abc"}]})", 1);
  refused(R"({"data":[{"embedding":"YWJjZGU="}]})", 1);
  refused(R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})", 2);
  refused(R"({"data":[{"embedding":[1,2,3]}]})", 1, 2);
  refused(json{{"data", {{{"embedding", std::vector<int>(16'385, 1)}}}}}.dump(), 1);
  refused(R"({"data":[{"embedding":)" + std::string(300, '[') + std::string(300, ']') + "}]}", 1);
}

// ---- retries and limits -----------------------------------------------------------------------

/// Fails so many times, then answers with vectors of one number; keeps what it was asked.
class flaky_model final : public embedding_model {
 public:
  explicit flaky_model(int failures) : failures_(failures) {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<embedding_call> start(embedding_request request,
                                        embedding_handler handler) override {
    struct ended final : chat_call {
      void cancel() override {}
    };
    asked.push_back(request.texts);
    runs.push_back(request.tag.run);
    embedding_outcome outcome;
    if (failures_-- > 0) {
      outcome.failure = model_failure{error{errc::rate_limited, "slow down"}, true, 3000ms};
    } else {
      outcome.answer = embedding_answer{
          .vectors = vectors(request.texts.size(), {1.0F}), .usage = {.input = used}, .model = "f"};
    }
    handler(std::move(outcome));
    return std::make_shared<ended>();
  }
  std::vector<std::vector<std::string>> asked{};
  std::vector<std::string> runs{};
  std::int64_t used = 7;

 private:
  int failures_;
  std::string name_ = "flaky";
};

TEST_CASE("Embeddings are repeated by the rules of chat models", "[embedding]") {
  test::virtual_loop loop;
  const auto flaky = std::make_shared<flaky_model>(1);
  const auto model = providers::embeddings_of(std::make_shared<providers::retrying_model>(
      providers::carrier_of(flaky), model_retry{}, loop, 1));
  CHECK(model->name() == "flaky");
  std::optional<embedding_outcome> ended;
  const auto call = model->start({.texts = {"a", "b"}, .tag = {.run = "r"}},
                                 [&](embedding_outcome outcome) { ended = std::move(outcome); });
  CHECK_FALSE(ended);
  loop.run();
  REQUIRE(ended);
  REQUIRE(ended->answer);
  CHECK(ended->answer->vectors == vectors{{1.0F}, {1.0F}});
  CHECK(ended->answer->usage.input == 7);
  CHECK(ended->answer->model == "f");
  CHECK(loop.elapsed() >= 3000ms);
  CHECK(flaky->asked == std::vector<std::vector<std::string>>{{"a", "b"}, {"a", "b"}});
  CHECK(flaky->runs == std::vector<std::string>{"r", "r"});
}

TEST_CASE("A call that waits for its next attempt can be cancelled", "[embedding]") {
  test::virtual_loop loop;
  const auto model = providers::embeddings_of(std::make_shared<providers::retrying_model>(
      providers::carrier_of(std::make_shared<flaky_model>(9)), model_retry{}, loop, 1));
  std::optional<embedding_outcome> ended;
  const auto call = model->start({.texts = {"a"}},
                                 [&](embedding_outcome outcome) { ended = std::move(outcome); });
  call->cancel();
  REQUIRE(ended);
  CHECK(ended->failure->error.code() == errc::cancelled);
  CHECK(loop.pending() == 0);
}

TEST_CASE("Embeddings take turns like other calls, by the tokens of their texts", "[embedding]") {
  test::virtual_loop loop;
  const auto limiter = std::make_shared<providers::shared_limiter>(
      "test", rate_limit{.tokens_per_minute = 6000}, loop);
  const auto flaky = std::make_shared<flaky_model>(0);
  flaky->used = 1000;
  const auto model = providers::embeddings_of(
      std::make_shared<providers::limited_model>(providers::carrier_of(flaky), limiter));
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(
        model->start({.texts = {std::string(3000, 'a')}}, [&](embedding_outcome outcome) {
          if (outcome.answer) ++ended;
        }));
  }
  loop.run_for(1000ms);
  CHECK(ended == 1);
  loop.run();
  CHECK(ended == 3);
}

TEST_CASE("A model that answers with the wrong vectors is found out", "[embedding]") {
  class liar final : public embedding_model {
   public:
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    std::shared_ptr<embedding_call> start(embedding_request, embedding_handler handler) override {
      handler({.answer = embedding_answer{.vectors = {{1.0F}}}});
      return nullptr;
    }

   private:
    std::string name_ = "liar";
  };
  liar model;
  CHECK(code_of([&] { static_cast<void>(embed(model, {"a", "b"})); }) == errc::malformed_answer);
}

}  // namespace embedding_model_test
