#include "mcp/agents/conversation_summary.hpp"

#include "mcp/agents/scripted_model.hpp"
#include "mcp/executor.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"

#include <future>

namespace conversation_summary_test {

using namespace mcp;
using Catch::Matchers::Contains;

struct state {
  std::vector<message> messages{};
  std::vector<message> log{};
  std::string summary{};
};
MCP_STATE(state, (messages, add_messages), log, summary)

std::vector<message> conversation(int turns) {
  std::vector<message> result;
  for (int i = 1; i <= turns; ++i) {
    result.push_back(user_message("question " + std::to_string(i)));
    result.push_back(assistant_message("answer " + std::to_string(i)));
  }
  return result;
}

summary_options by_turns(std::size_t limit, std::size_t keep) {
  return {.limit = {.max_turns = limit}, .keep = {.max_turns = keep}};
}

graph<state> folding(std::shared_ptr<chat_model> model, summary_options options) {
  return graph<state>("folding")
      .node("fold",
            summary_node(std::move(model), &state::messages, &state::summary, std::move(options)))
      .entry_point("fold");
}

/// Answers with `answer` and keeps the questions.
std::shared_ptr<chat_model> spy(std::vector<chat_request>& asked, scripted_answer answer) {
  return scripted_model({.rules = {{.answer = [&asked, answer](const chat_request& request) {
    asked.push_back(request);
    return answer;
  }}}});
}

TEST_CASE("A conversation within its limit is left alone and nobody is asked", "[memory]") {
  std::vector<chat_request> asked;
  executor<state> executor{folding(spy(asked, {.text = "short"}), by_turns(3, 1))};
  const auto after = executor.run({.messages = conversation(3), .summary = "before"});
  CHECK(after.messages.size() == 6);
  CHECK(after.summary == "before");
  CHECK(asked.empty());
}

TEST_CASE("A conversation that outgrows its limit is folded into the summary", "[memory]") {
  std::vector<chat_request> asked;
  auto options = by_turns(3, 1);
  options.instruction = "Fold.";
  executor<state> executor{folding(spy(asked, {.text = "They talked."}), options)};
  const auto after = executor.run({.messages = conversation(4), .summary = "They met."});
  CHECK(after.summary == "They talked.");
  REQUIRE(after.messages.size() == 2);
  CHECK(after.messages[0].content == "question 4");
  REQUIRE(asked.size() == 1);
  REQUIRE(asked[0].messages.size() == 2);
  CHECK(asked[0].messages[0].content == "Fold.");
  CHECK_THAT(asked[0].messages[1].content,
             Contains("They met.") && Contains("user: question 1\nassistant: answer 1") &&
                 Contains("answer 3") && !Contains("question 4"));
  CHECK(asked[0].max_tokens == 1024);
}

TEST_CASE("What is too long for one question waits for the next time", "[memory]") {
  std::vector<chat_request> asked;
  auto options = by_turns(3, 1);
  options.max_question_tokens = 24;  // two short messages
  executor<state> executor{folding(spy(asked, {.text = "so far"}), options)};
  auto after = executor.run({.messages = conversation(4)});
  REQUIRE(after.messages.size() == 6);
  CHECK(after.messages[0].content == "question 2");
  CHECK_THAT(asked.at(0).messages.at(1).content, !Contains("question 2"));
}

TEST_CASE("Long messages and summaries are cut, calls of tools are told", "[memory]") {
  auto options = by_turns(1, 0);
  options.keep = {.max_tokens = 1};
  options.max_message_bytes = 10;
  options.max_summary_bytes = 5;
  std::vector<message> talk{user_message(std::string(40, 'x')), assistant_message("")};
  talk[1].tool_calls.push_back({.id = "1", .name = "look", .arguments = R"({"a":1})"});
  talk.push_back({.role = "tool", .content = "seen", .tool_call_id = "1", .name = "look"});
  talk.push_back(user_message("next"));
  std::vector<chat_request> asked;
  executor<state> executor{folding(spy(asked, {.text = "abcd\xC3\xA9"}), options)};
  const auto after = executor.run({.messages = talk});
  CHECK(after.summary == "abcd");
  CHECK(after.messages.size() == 1);
  CHECK_THAT(asked.at(0).messages.at(1).content,
             Contains("user: xxxxxxxxxx\n[cut: 10 of 40 bytes]") &&
                 Contains("assistant calls look: {\"a\":1}") && Contains("tool look: seen"));
}

TEST_CASE("A summariser that fails leaves everything as it was, or fails, as one likes",
          "[memory]") {
  const scripted_answer broken{
      .failure = model_failure{.error = error{errc::server_failed, "down"}}};
  for (const auto& answer : {broken, scripted_answer{.text = " \n"}}) {
    std::vector<chat_request> asked;
    auto options = by_turns(3, 1);
    executor<state> keeps{folding(spy(asked, answer), options)};
    const auto run = keeps.start({.messages = conversation(4), .summary = "before"},
                                 {.events = all_events});
    const auto result = run.join();
    REQUIRE(result.done());
    CHECK(result.state().messages.size() == 8);
    CHECK(result.state().summary == "before");
    bool told = false;
    auto stream = run.stream();
    while (const auto event = stream.next()) told = told || event->name == "summary_failed";
    CHECK(told);
    options.on_failure = summary_failure::fail;
    executor<state> fails{folding(spy(asked, answer), options)};
    const auto failed = fails.run_to_result({.messages = conversation(4)});
    REQUIRE(failed.info.error);
    CHECK(failed.info.error->code() ==
          (answer.failure ? errc::server_failed : errc::malformed_answer));
  }
}

TEST_CASE("An exhausted budget fails the node, whatever the option says", "[memory]") {
  std::vector<chat_request> asked;
  executor<state> executor{folding(spy(asked, {.text = "x"}), by_turns(3, 1))};
  const auto result = executor.run_to_result({.messages = conversation(4)},
                                             {.budget = {.counters = {{"tokens", 500}}}});
  REQUIRE(result.info.error);
  CHECK(result.info.error->code() == errc::budget_exceeded);
  CHECK(asked.empty());
}

/// Calls that end only by being cancelled.
class patient_model final : public chat_model {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<chat_call> start(chat_request, chat_handler handler) override {
    struct call final : chat_call {
      explicit call(chat_handler what) : handler(std::move(what)) {}
      void cancel() override {
        handler.on_end({.failure = model_failure{.error = {errc::cancelled, "stopped"}}});
      }
      chat_handler handler;
    };
    auto made = std::make_shared<call>(std::move(handler));
    started.set_value();
    return made;
  }
  std::promise<void> started{};

 private:
  std::string name_ = "patient";
};

TEST_CASE("Cancelling a run stops its summariser", "[memory]") {
  const auto model = std::make_shared<patient_model>();
  executor<state> executor{folding(model, by_turns(3, 1))};
  const auto run = executor.start({.messages = conversation(4)});
  model->started.get_future().wait();
  run.cancel();
  CHECK(run.join().status() == run_status::cancelled);
}

TEST_CASE("Options that would never fold, or always, are refused", "[memory]") {
  const auto model = scripted_model({.rules = {{.answers = {{.text = "x"}}}}});
  const auto refused = [&](summary_options options) {
    CHECK_THROWS_AS(summary_node(model, &state::messages, &state::summary, options), error);
  };
  refused({.limit = {}});
  refused(by_turns(3, 3));
  refused({.limit = {.max_tokens = 10}, .keep = {.max_tokens = 10}});
  refused({.max_question_tokens = 0});
  CHECK_THROWS_AS(summary_node({}, &state::messages, &state::summary), error);
  CHECK_THROWS_AS(summary_node(model, &state::log, &state::summary), error);
  CHECK_NOTHROW(summary_node(model, &state::messages, &state::summary));
}

TEST_CASE("A message without an id fails the node instead of being kept twice", "[memory]") {
  std::vector<chat_request> asked;
  testkit::fake_context fake;
  auto ctx = fake.start();
  std::optional<summary_outcome> outcome;
  summarize(spy(asked, {.text = "x"}), std::make_shared<summary_options>(by_turns(3, 1)),
            conversation(4), "", ctx, [&](summary_outcome what) { outcome = std::move(what); });
  REQUIRE(outcome);
  CHECK(outcome->error->code() == errc::invalid_argument);
  CHECK(asked.empty());
}

}  // namespace conversation_summary_test
