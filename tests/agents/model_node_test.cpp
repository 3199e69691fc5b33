#include "mcp/agents/model_node.hpp"

#include "agents/teams_harness.hpp"
#include "agents/virtual_loop.hpp"
#include "mcp/agents/model_policies.hpp"
#include "mcp/executor.hpp"
#include "mcp/reducers.hpp"
#include "mcp/testkit.hpp"
#include "providers/retrying_model.hpp"
#include "providers/scripted_model.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <atomic>

using namespace std::chrono_literals;
using mcp::errc;
using mcp::message;
using mcp::model_node;

namespace model_node_test {

struct state {
  std::vector<message> messages{};
  std::vector<message> log{};
  std::string text{};
};
MCP_STATE(state, (messages, mcp::add_messages), log, text)

struct job {
  std::string topic{};
};
MCP_STRUCT(job, topic)

mcp::graph<state> talk(std::shared_ptr<mcp::chat_model> model, mcp::model_node_options options,
                       std::string state::*output = nullptr) {
  return mcp::graph<state>("talk")
      .node("talk", model_node(std::move(model), &state::messages, std::move(options), output))
      .entry_point("talk")
      .finish_point("talk");
}

state asking(std::string text) {
  return {.messages = {mcp::user_message(std::move(text))}};
}

std::vector<mcp::run_event> events_of(const mcp::run_handle_base& run) {
  std::vector<mcp::run_event> all;
  auto stream = run.stream();
  while (auto one = stream.next()) all.push_back(std::move(*one));
  return all;
}

/// Shows what it was asked.
std::shared_ptr<mcp::chat_model> spy(std::vector<mcp::chat_request>& asked,
                                     mcp::scripted_answer answer) {
  return mcp::scripted_model(
      {.rules = {{.answer = [&asked, answer](
                                const auto& request) { return asked.push_back(request), answer; }}},
       .piece_bytes = 4});
}

TEST_CASE("A model node asks with the conversation and adds the answer to it") {
  std::vector<mcp::chat_request> asked;
  mcp::executor executor{talk(spy(asked, {.text = "It rains."}),
                              {.system = "Be brief.",
                               .tools = {{.name = "look", .parameters = "{}"}},
                               .request = {.temperature = 0.5},
                               .max_tokens = 100,
                               .speaker = "oracle"},
                              &state::text)};
  const auto after = executor.run(asking("weather?"));
  REQUIRE(after.messages.size() == 2);
  CHECK(after.messages[1].content == "It rains.");
  CHECK(after.messages[1].role == "assistant");
  CHECK(after.messages[1].name == "oracle");
  CHECK(after.messages[1].id.size() == 32);
  CHECK(after.text == "It rains.");
  REQUIRE(asked.size() == 1);
  REQUIRE(asked[0].messages.size() == 2);
  CHECK(asked[0].messages[0].role == "system");
  CHECK(asked[0].messages[1].content == "weather?");
  CHECK(asked[0].tools.size() == 1);
  CHECK(asked[0].temperature == 0.5);
  CHECK(asked[0].max_tokens == 100);
  CHECK_FALSE(asked[0].tag.run.empty());
}

TEST_CASE("A model node asks at its place in the run's trace") {
  constexpr const char* callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  std::vector<mcp::chat_request> asked;
  mcp::executor executor{talk(spy(asked, {.text = "It rains."}), {})};
  static_cast<void>(executor.run(asking("weather?"), {.traceparent = callers}));
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].tag.traceparent == callers);
}

TEST_CASE("A list without a reducer keeps its messages too") {
  const auto model = mcp::scripted_model({.rules = {{.answers = {{.text = "b"}}}}});
  mcp::executor executor{mcp::graph<state>("plain")
                             .node("talk", model_node(model, &state::log))
                             .entry_point("talk")
                             .finish_point("talk")};
  const auto after = executor.run({.log = {mcp::user_message("a")}});
  REQUIRE(after.log.size() == 2);
  CHECK(after.log[0].content == "a");
  CHECK(after.log[1].content == "b");
}

TEST_CASE("Pieces of the answer are message events with the id of the final message") {
  std::vector<mcp::chat_request> asked;
  mcp::executor executor{
      talk(spy(asked, {.text = "It rains.", .tool_calls = {{"7", "look", R"({"x":1})"}}}), {})};
  const auto run = executor.start(asking("weather?"), {.events = mcp::all_events});
  const auto result = run.join();
  REQUIRE(result.done());
  const auto last = result.state().messages.at(1);
  message whole{.id = last.id, .role = "assistant", .tool_calls = {{"7", "look", ""}}};
  int pieces = 0;
  for (const auto& event : events_of(run)) {
    if (event.kind != mcp::event_kind::messages) continue;
    const auto part = mcp::from_json<message>(event.json);
    CHECK(part.id == last.id);
    whole.content += part.content;
    for (const auto& call : part.tool_calls) {
      CHECK(call.id == "7");
      whole.tool_calls[0].arguments += call.arguments;
    }
    ++pieces;
  }
  CHECK(pieces == 5);
  CHECK(whole == last);
}

TEST_CASE("Without streaming the whole message is one event") {
  std::vector<mcp::chat_request> asked;
  mcp::executor executor{talk(spy(asked, {.text = "It rains."}), {.stream = false})};
  const auto run = executor.start(asking("weather?"), {.events = mcp::all_events});
  const auto last = run.join().state().messages.at(1);
  std::vector<message> seen;
  for (const auto& event : events_of(run)) {
    if (event.kind == mcp::event_kind::messages) {
      seen.push_back(mcp::from_json<message>(event.json));
    }
  }
  CHECK(seen == std::vector{last});
}

TEST_CASE("Guards rewrite the question and the answer, or refuse them") {
  std::vector<mcp::chat_request> asked;
  const auto model = spy(asked, {.text = "the secret is 42"});
  mcp::model_node_options options;
  options.before = [](mcp::chat_request& request) {
    auto& text = request.messages.back().content;
    if (text == "forbidden") throw mcp::error{errc::access_denied, "not this"};
    text += "!";
  };
  options.after = [](mcp::chat_answer& answer) {
    if (answer.reply.content.find("42") == std::string::npos) throw std::runtime_error{"odd"};
    answer.reply.content = "hidden";
  };
  mcp::executor executor{talk(model, options)};
  CHECK(executor.run(asking("hello")).messages.at(1).content == "hidden");
  CHECK(asked.at(0).messages.at(0).content == "hello!");

  const auto refused =
      executor.run_to_result(asking("forbidden"), {.budget = {.counters = {{"tokens", 9999}}}});
  CHECK(refused.info.error->code() == errc::access_denied);
  CHECK(asked.size() == 1);
  CHECK(refused.info.usage.counters.count("tokens") == 0);
}

TEST_CASE("An answer that does not fit the schema it was asked for fails") {
  const auto model =
      mcp::scripted_model({.rules = {{.equals = "good", .answers = {{.text = R"({"n":1})"}}},
                                     {.equals = "other", .answers = {{.text = R"({"n":"x"})"}}},
                                     {.answers = {{.text = "n is 1"}}}}});
  const auto graph_with = [&](std::string schema) {
    return talk(model, {.request = {.output_schema = std::move(schema)}}, &state::text);
  };
  mcp::executor executor{graph_with(R"({"properties":{"n":{"type":"integer"}}})")};
  CHECK(executor.run(asking("good")).text == R"({"n":1})");
  const auto prose = executor.run_to_result(asking("prose"));
  CHECK(prose.info.error->code() == errc::malformed_answer);
  const auto other = executor.run_to_result(asking("other"));
  CHECK(other.info.error->code() == errc::malformed_answer);
  CHECK_THAT(other.info.error->message(), Catch::Contains("/n"));

  mcp::executor useless{graph_with(R"({"type":7})")};
  const auto unasked = useless.run_to_result(asking("good"));
  CHECK(unasked.info.error->code() == errc::invalid_schema);
  CHECK(unasked.info.usage.counters.count("tokens") == 0);
}

TEST_CASE("What an answer costs is taken before the call and settled after it") {
  std::vector<mcp::chat_request> asked;
  const auto model =
      spy(asked, {.text = "ok", .usage = mcp::token_usage{.input = 10, .output = 5}});
  const mcp::model_node_options options{
      .max_tokens = 50,
      .price = mcp::model_price{.input = 1'000'000, .output = 2'000'000},
      .count_tokens = [](const auto&) { return 20; }};
  mcp::executor executor{talk(model, options)};
  const auto run = [&](std::int64_t tokens, std::int64_t micros) {
    return executor.run_to_result(
        asking("x"), {.budget = {.counters = {{"tokens", tokens}, {"cost_micros", micros}}}});
  };
  const auto enough = run(70, 120);
  CHECK(enough.done());
  CHECK(enough.info.usage.counters.at("tokens") == 15);
  CHECK(enough.info.usage.counters.at("cost_micros") == 20);
  CHECK(asked.size() == 1);
  for (const auto& [tokens, micros] : {std::pair{69, 120}, std::pair{70, 119}}) {
    const auto too_little = run(tokens, micros);
    REQUIRE(too_little.info.error);
    CHECK(too_little.info.error->code() == errc::budget_exceeded);
    CHECK(too_little.info.usage.counters.at("tokens") == 0);
  }
  CHECK(asked.size() == 1);
}

TEST_CASE("An answer costs what the model that gave it costs, and the dearest is set aside") {
  std::vector<mcp::chat_request> asked;
  const auto failing = mcp::scripted_model(
      {.rules = {{.answers = {{.failure = mcp::model_failure{
                                   .error = mcp::error{errc::server_failed, "down"}}}}}}});
  const auto answering =
      spy(asked, {.text = "ok", .usage = mcp::token_usage{.input = 10, .output = 5}});
  const mcp::model_price low{.input = 1'000'000, .output = 1'000'000};
  const mcp::model_price high{.input = 3'000'000, .output = 2'000'000, .cached_input = 5'000'000};
  const mcp::model_node_options options{
      .max_tokens = 50, .price = low, .count_tokens = [](const auto&) { return 20; }};
  const auto run = [&](std::shared_ptr<mcp::chat_model> model, std::int64_t micros) {
    mcp::executor executor{talk(std::move(model), options)};
    return executor.run_to_result(asking("x"), {.budget = {.counters = {{"cost_micros", micros}}}});
  };
  const auto chain = mcp::with_retry(
      mcp::with_fallbacks({mcp::with_price(failing, low), mcp::with_price(answering, high)}));
  const auto enough = run(chain, 3 * 20 + 2 * 50);
  CHECK(enough.done());
  CHECK(enough.info.usage.counters.at("cost_micros") == 3 * 10 + 2 * 5);
  const auto too_little = run(chain, 3 * 20 + 2 * 50 - 1);
  REQUIRE(too_little.info.error);
  CHECK(too_little.info.error->code() == errc::budget_exceeded);
  CHECK(asked.size() == 1);
  // One of them does not know its price: the node's counts.
  const auto half = run(mcp::with_fallbacks({mcp::with_price(failing, high), answering}), 160);
  CHECK(half.info.usage.counters.at("cost_micros") == 3 * 10 + 2 * 5);
  CHECK_THROWS_AS(mcp::with_price(answering, {.output = -1}), mcp::error);
  CHECK_THROWS_AS(mcp::with_price(nullptr, {}), mcp::error);
}

TEST_CASE("A failed call gives back what was taken for it") {
  const auto model = mcp::scripted_model(
      {.rules = {{.answers = {{.failure = mcp::model_failure{
                                   .error = mcp::error{errc::server_failed, "down"}}}}}}});
  mcp::executor executor{talk(model, {.price = mcp::model_price{.input = 5, .output = 5}})};
  const auto result = executor.run_to_result(asking("x"));
  REQUIRE(result.info.error);
  CHECK(result.info.error->code() == errc::server_failed);
  CHECK(result.info.usage.counters.at("tokens") == 0);
  CHECK(result.info.usage.counters.at("cost_micros") == 0);
}

TEST_CASE("Prices are rounded up and cached input has its own") {
  const mcp::model_price price{.input = 3'000'000, .output = 15'000'000, .cached_input = 300'000};
  CHECK(mcp::cost_of({.input = 1000, .output = 100, .cached_input = 400}, price) == 3420);
  CHECK(mcp::cost_of({.input = 1}, {.input = 1}) == 1);
  CHECK(mcp::cost_of({}, price) == 0);
}

TEST_CASE("A budget of tokens over a tree of 20 agents is never exceeded") {
  constexpr std::int64_t budget = 2000;
  constexpr std::int64_t answer_tokens = 60;
  std::atomic<std::int64_t> spent{0};
  std::atomic<std::int64_t> spent_on_kept{0};  // by the root and the four below it
  std::atomic<int> calls{0};
  const auto model =
      mcp::scripted_model({.rules = {{.answer = [&](const auto& request) {
                             const mcp::token_usage used{.input = mcp::estimated_tokens(request),
                                                         .output = answer_tokens};
                             spent += used.total();
                             if (++calls <= 5) spent_on_kept += used.total();
                             return mcp::scripted_answer{.text = "part", .usage = used};
                           }}}});
  const mcp::model_node_options options{.max_tokens = 80};

  // A root, four below it, and three or four below each of those: 20 agents in all.
  const auto agent = [&] { return model_node(model, &state::messages, options); };
  mcp::graph<state> tree("tree");
  tree.node("root", agent()).entry_point("root");
  int agents = 1;
  for (int i = 0; i < 4; ++i) {
    const auto middle = "m" + std::to_string(i);
    tree.node(middle, agent()).edge("root", middle);
    ++agents;
    for (int j = 0; j < (i == 3 ? 3 : 4); ++j, ++agents) {
      const auto leaf = middle + "_" + std::to_string(j);
      tree.node(leaf, agent()).edge(middle, leaf).finish_point(leaf);
    }
  }
  REQUIRE(agents == 20);
  mcp::executor executor{tree};
  const auto result =
      executor.run_to_result(asking("go"), {.budget = {.counters = {{"tokens", budget}}}});
  REQUIRE(result.info.error);
  CHECK(result.info.error->code() == errc::budget_exceeded);
  CHECK(spent <= budget);
  CHECK(result.info.usage.counters.at("tokens") <= budget);
  // What came back is what the root and the four below it said. Whoever was still asking when the
  // run ended may count with what it had reserved.
  CHECK(result.state().messages.size() == 6);
  CHECK(result.info.usage.counters.at("tokens") >= spent_on_kept);
  CHECK(calls > 5);
  CHECK(calls < 20);
}

TEST_CASE("Cancelling a run stops the call of the model itself") {
  const auto model = std::make_shared<mcp::test::waiting_model>();
  mcp::test::check_cancel(talk(model, {}), asking("x"), *model);
}

TEST_CASE("A task that was cancelled before it began asks nothing and spends nothing") {
  std::vector<mcp::chat_request> asked;
  mcp::testkit::fake_context fake;
  fake.cancel();
  auto ctx = fake.start();
  std::optional<mcp::model_reply> reply;
  mcp::ask_model(spy(asked, {.text = "ok"}), std::make_shared<mcp::model_node_options>(),
                 {mcp::user_message("x")}, ctx, [&](mcp::model_reply r) { reply = std::move(r); });
  REQUIRE(reply);
  CHECK(reply->error->code() == errc::cancelled);
  CHECK(asked.empty());
  CHECK(fake.charged("tokens") == 0);
}

TEST_CASE("A repeated call voids the pieces that were shown") {
  mcp::test::virtual_loop loop;
  const auto flaky = mcp::providers::make_scripted_model(
      {.rules = {{.answers = {{.text = "half",
                               .failure =
                                   mcp::model_failure{mcp::error{errc::server_failed, "x"}, true}},
                              {.text = "whole"}}}}},
      &loop);
  const auto model =
      std::make_shared<mcp::providers::retrying_model>(flaky, mcp::model_retry{}, loop, 1);
  mcp::testkit::fake_context fake;
  auto ctx = fake.start();
  std::optional<mcp::model_reply> reply;
  mcp::ask_model(model, std::make_shared<mcp::model_node_options>(), {mcp::user_message("x")}, ctx,
                 [&](mcp::model_reply r) { reply = std::move(r); });
  CHECK_FALSE(reply);
  CHECK(fake.charged("tokens") > 4096);
  loop.run();
  REQUIRE(reply);
  REQUIRE(reply->answer);
  REQUIRE(fake.messages().size() == 2);
  CHECK(fake.messages()[0].content == "half");
  CHECK(fake.messages()[1].content == "whole");
  REQUIRE(fake.events().size() == 1);
  CHECK(fake.events()[0].name == "message_restart");
  CHECK(fake.charged("tokens") == reply->answer->usage.total());
}

TEST_CASE("A call without an end drops its reply and gives back what was taken") {
  class mute final : public mcp::chat_model {
   public:
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    std::shared_ptr<mcp::chat_call> start(mcp::chat_request, mcp::chat_handler) override {
      return nullptr;
    }

   private:
    std::string name_ = "mute";
  };
  mcp::executor executor{talk(std::make_shared<mute>(), {})};
  const auto result = executor.run_to_result(asking("x"));
  CHECK(result.info.error->code() == errc::reply_dropped);
  CHECK(result.info.usage.counters.at("tokens") == 0);
}

}  // namespace model_node_test
