#include "mcp/agents/teams_clarifier.hpp"

#include "agents/teams_harness.hpp"

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

constexpr const char* clear = R"({"clear":true,"question":"","assumptions":[]})";

std::string asks(const std::string& question) {
  return R"({"clear":false,"question":")" + question + R"(","assumptions":[]})";
}

struct trip {
  std::string request{};
  std::string plan{};
};
MCP_STATE(trip, request, plan)

clarifier_question asked_by(const run_result<clarifier_state>& waits) {
  REQUIRE(waits.status() == run_status::interrupted);
  REQUIRE(waits.interrupts().size() == 1);
  return from_json<clarifier_question>(waits.interrupts()[0].question);
}

}  // namespace

TEST_CASE("A clear request passes without a question", "[teams]") {
  executor<clarifier_state> runs{clarifier_team("clarify", {.model = says({clear})})};
  const auto after = runs.run({.request = "Fly to Oslo."});
  CHECK(after.clear_request == "Fly to Oslo.");
  CHECK(after.exchanges.empty());
}

TEST_CASE("What a request leaves open is asked, one question after the other", "[teams]") {
  const auto model = noting(says({asks("When?"), asks("How many?"), clear}));
  executor<clarifier_state> runs{clarifier_team("clarify", {.model = model}),
                                 {.store = in_memory_checkpoint_store()}};
  const auto first = runs.run_to_result({.request = "Fly to Oslo."}, {.thread_id = "t"});
  CHECK(asked_by(first) == clarifier_question{"When?", 1, 3});
  const auto second = runs.resume("t", answers::only("on Monday")).join();
  CHECK(asked_by(second) == clarifier_question{"How many?", 2, 3});
  const auto ended = runs.resume("t", answers::only("two")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().exchanges ==
        std::vector<clarification>{{"When?", "on Monday"}, {"How many?", "two"}});
  CHECK(ended.state().clear_request ==
        "Fly to Oslo.\n\nQuestion: When?\nAnswer: on Monday\n\nQuestion: How many?\nAnswer: two");
  REQUIRE(model->asked().size() == 3);
  CHECK(model->asked()[2].messages.back().content.find("Answer: two") != std::string::npos);

  // The next request of the thread has its questions before it.
  const auto other = runs.run_to_result({.request = "Fly to Rome."}, {.thread_id = "t"});
  REQUIRE(other.done());
  CHECK(other.state().clear_request == "Fly to Rome.");
}

TEST_CASE("After the last question the request goes on with what is assumed", "[teams]") {
  const auto model = noting(says(
      {asks("When?"), R"({"clear":false,"question":"Really?","assumptions":["it is Monday"]})"}));
  executor<clarifier_state> runs{clarifier_team("clarify", {.model = model, .max_questions = 1}),
                                 {.store = in_memory_checkpoint_store()}};
  asked_by(runs.run_to_result({.request = "Fly."}, {.thread_id = "t"}));
  const auto ended = runs.resume("t", answers::only("")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().assumptions == texts{"it is Monday", "nobody answered: Really?"});
  CHECK(ended.state().clear_request.ends_with(
      "Assumptions:\n- it is Monday\n- nobody answered: Really?"));
  CHECK(model->asked().at(1).messages.back().content.find("No more questions") !=
        std::string::npos);

  executor<clarifier_state> never{
      clarifier_team("clarify", {.model = says({asks("When?")}), .max_questions = 0})};
  CHECK(never.run({.request = "Fly."}).assumptions == texts{"nobody answered: When?"});
}

TEST_CASE("A verdict that is refused twice does not hold a request up", "[teams]") {
  const auto* silent = R"({"clear":false,"question":"","assumptions":[]})";
  executor<clarifier_state> second{clarifier_team("clarify", {.model = says({silent, clear})})};
  CHECK(second.run({.request = "Fly."}).assumptions.empty());
  for (const auto* bad : {"clear", silent}) {
    executor<clarifier_state> runs{clarifier_team("clarify", {.model = says({bad})})};
    const auto after = runs.run({.request = "Fly."});
    REQUIRE(after.assumptions.size() == 1);
    CHECK(after.assumptions[0].starts_with("the request was not checked: "));
    CHECK(after.clear_request.starts_with("Fly.\n\nAssumptions:"));
  }
}

TEST_CASE("A clarifier stands in front of another graph", "[teams]") {
  graph<trip> travel{"travel"};
  travel.node("clarify", clarify_first({.model = says({asks("When?"), clear})}, &trip::request))
      .node("plan",
            [](const trip& s) { return update<trip>{}.set(&trip::plan, "plan of: " + s.request); })
      .entry_point("clarify")
      .edge("clarify", "plan")
      .finish_point("plan");
  CHECK(travel.draw(drawing::mermaid, 1).find("judge") != std::string::npos);
  executor<trip> runs{travel, {.store = in_memory_checkpoint_store()}};
  REQUIRE(runs.run_to_result({.request = "Fly."}, {.thread_id = "t"}).status() ==
          run_status::interrupted);
  const auto ended = runs.resume("t", answers::only("now")).join();
  REQUIRE(ended.done());
  CHECK(ended.state().plan == "plan of: Fly.\n\nQuestion: When?\nAnswer: now");
}

TEST_CASE("A clarifier is stopped by a budget and by cancel", "[teams]") {
  executor<clarifier_state> runs{clarifier_team("clarify", {.model = says({clear})})};
  const auto ended =
      runs.run_to_result({.request = "x"}, {.budget = {.counters = {{"tokens", 10}}}});
  CHECK(ended.info.error.value().code() == errc::budget_exceeded);
  const auto stuck = std::make_shared<waiting_model>();
  check_cancel(clarifier_team("clarify", {.model = stuck}), clarifier_state{.request = "x"},
               *stuck);
}

TEST_CASE("A clarifier is drawn with its nodes, and refuses what is none", "[teams]") {
  check_drawn(clarifier_team("clarify", {.model = says({clear})}), {"begin", "judge", "ask"});
  CHECK_THROWS_AS(clarifier_team("clarify", {}), error);
  CHECK_THROWS_AS(clarifier_team("clarify", {.model = says({clear}), .max_questions = -1}), error);
}

}  // namespace mcp::test
