#include "mcp/agents/teams_planner.hpp"

#include "agents/teams_harness.hpp"

namespace mcp::test {
namespace {

planner_options team(std::vector<std::string> plans, std::vector<std::string> verdicts) {
  auto executor =
      scripted_model({.rules = {{.contains = "Step: a", .answers = {{.text = "found a"}}},
                                {.contains = "Step: b", .answers = {{.text = "found b"}}},
                                {.contains = "Step: c", .answers = {{.text = "found c"}}}}});
  return {.planner = says(std::move(plans)),
          .executor = std::move(executor),
          .critic = says(std::move(verdicts)),
          .writer = says({"the answer"})};
}

constexpr const char* plan_ab = R"({"steps":["a","b"]})";
constexpr const char* plan_c = R"({"steps":["c"]})";
constexpr const char* enough = R"({"enough":true,"missing":""})";
constexpr const char* missing = R"({"enough":false,"missing":"c"})";

}  // namespace

TEST_CASE("A planner team plans, works, plans again for what is missing, and writes", "[teams]") {
  executor<planner_state> runs{planner_team("team", team({plan_ab, plan_c}, {missing, enough}))};
  const auto after = runs.run({.question = "q"});
  CHECK(after.answer == "the answer");
  CHECK(after.rounds == 2);
  const std::vector<plan_finding> found{{"a", "found a"}, {"b", "found b"}, {"c", "found c"}};
  CHECK(after.findings == found);
  CHECK(after.critique.empty());
}

TEST_CASE("A planner team whose critic is never content writes after its last plan", "[teams]") {
  auto options = team({plan_ab, plan_c}, {missing});
  options.max_rounds = 2;
  executor<planner_state> runs{planner_team("team", options)};
  const auto after = runs.run({.question = "q"});
  CHECK(after.rounds == 2);
  CHECK(after.findings.size() == 3);
  CHECK(after.answer == "the answer");
  CHECK(after.critique == "c");
}

TEST_CASE("A new plan is made from what was found and what is missing", "[teams]") {
  auto options = team({plan_ab, plan_c}, {missing, enough});
  const auto planner = noting(options.planner);
  options.planner = planner;
  executor<planner_state> runs{planner_team("team", options)};
  CHECK(runs.run({.question = "q"}).answer == "the answer");
  REQUIRE(planner->asked().size() == 2);
  CHECK(planner->asked()[1].messages.back().content ==
        "Question: q\nStep: a\nFinding: found a\nStep: b\nFinding: found b\nMissing: c");
}

TEST_CASE("A new plan that is no use twice ends the planning, not the run", "[teams]") {
  for (const auto* useless : {plan_ab, R"({"steps":[]})", "nonsense"}) {
    INFO(useless);
    auto options = team({plan_ab, useless}, {missing});
    const auto planner = noting(options.planner);
    options.planner = planner;
    executor<planner_state> runs{planner_team("team", options)};
    const auto after = runs.run({.question = "q"});
    CHECK(after.answer == "the answer");
    CHECK(after.findings.size() == 2);
    CHECK(after.plan.empty());
    CHECK(planner->asked().size() == 3);
  }
  // Told so, a planner may do better.
  executor<planner_state> runs{
      planner_team("team", team({plan_ab, plan_ab, plan_c}, {missing, enough}))};
  CHECK(runs.run({.question = "q"}).findings.size() == 3);
}

TEST_CASE("A planner team is stopped by a budget between its rounds, and resumed", "[teams]") {
  auto options = team({plan_ab, plan_c}, {missing, enough});
  options.asking.price = model_price{.input = 1'000'000, .output = 1'000'000};
  executor<planner_state> runs{planner_team("team", options),
                               {.store = in_memory_checkpoint_store()}};
  const auto ended =
      runs.run_to_result({.question = "q"}, {.thread_id = "t", .budget = {.node_calls = 5}});
  CHECK(ended.info.error.value().code() == errc::budget_exceeded);
  CHECK(ended.state().findings.size() == 2);
  const auto resumed = runs.resume("t", {}, {.budget = {.node_calls = 100}}).join();
  REQUIRE(resumed.done());
  CHECK(resumed.state().answer == "the answer");
  CHECK(resumed.info.usage.counters.at("cost_micros") == resumed.info.usage.counters.at("tokens"));
  CHECK(resumed.state().findings.size() == 3);
}

TEST_CASE("A thread can be asked one question after the other", "[teams]") {
  executor<planner_state> runs{planner_team("team", team({plan_ab, plan_c}, {enough})),
                               {.store = in_memory_checkpoint_store()}};
  CHECK(runs.run({.question = "q"}, {.thread_id = "t"}).findings.size() == 2);
  const auto after = runs.run({.question = "r"}, {.thread_id = "t"});
  CHECK(after.findings == std::vector<plan_finding>{{"c", "found c"}});
  CHECK(after.rounds == 1);
}

TEST_CASE("Cancelling a planner team stops its executors' calls", "[teams]") {
  auto options = team({R"({"steps":["a"]})"}, {enough});
  const auto stuck = std::make_shared<waiting_model>();
  options.executor = stuck;
  check_cancel(planner_team("team", options), planner_state{.question = "q"}, *stuck);
}

TEST_CASE("A planner that answers nonsense is told why and asked once more", "[teams]") {
  executor<planner_state> runs{planner_team("team", team({"nonsense", plan_ab}, {enough}))};
  CHECK(runs.run({.question = "q"}).answer == "the answer");
}

TEST_CASE("A decision that is refused twice fails its node with the reason", "[teams]") {
  executor<planner_state> runs{planner_team("team", team({R"({"steps":[]})"}, {enough}))};
  const auto ended = runs.run_to_result({.question = "q"});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::malformed_answer);
  CHECK(ended.info.error->place().node == "planner");
  CHECK(ended.info.error->message().find("1 to 8 steps") != std::string::npos);
}

TEST_CASE("A planner team is drawn with its nodes and needs all its models", "[teams]") {
  auto options = team({plan_ab}, {enough});
  const auto drawn = planner_team("team", options).draw(drawing::mermaid);
  for (const auto* node : {"planner", "executor", "critic", "writer"}) {
    CHECK(drawn.find(node) != std::string::npos);
  }
  CHECK(planner_team("team", options).check().empty());
  options.critic.reset();
  CHECK_THROWS_AS(planner_team("team", options), error);
}

}  // namespace mcp::test
