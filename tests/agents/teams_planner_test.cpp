#include "mcp/agents/teams_planner.hpp"

#include "mcp/agents/scripted_model.hpp"
#include "mcp/executor.hpp"
#include "support/catch.hpp"

namespace mcp::test {
namespace {

std::shared_ptr<chat_model> says(std::vector<std::string> texts) {
  scripted_rule rule;
  for (auto& text : texts) rule.answers.push_back({.text = std::move(text)});
  return scripted_model({.rules = {std::move(rule)}});
}

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

TEST_CASE("A planner team plans, works, plans again for what is missing, and writes") {
  executor<planner_state> runs{planner_team("team", team({plan_ab, plan_c}, {missing, enough}))};
  const auto after = runs.run({.question = "q"});
  CHECK(after.answer == "the answer");
  CHECK(after.rounds == 2);
  const std::vector<plan_finding> found{{"a", "found a"}, {"b", "found b"}, {"c", "found c"}};
  CHECK(after.findings == found);
  CHECK(after.critique.empty());
}

TEST_CASE("A planner team whose critic is never content writes after its last plan") {
  auto options = team({plan_ab}, {missing});
  options.max_rounds = 2;
  executor<planner_state> runs{planner_team("team", options)};
  const auto after = runs.run({.question = "q"});
  CHECK(after.rounds == 2);
  CHECK(after.findings.size() == 4);
  CHECK(after.answer == "the answer");
  CHECK(after.critique == "c");
}

TEST_CASE("A planner that answers nonsense is told why and asked once more") {
  executor<planner_state> runs{planner_team("team", team({"nonsense", plan_ab}, {enough}))};
  CHECK(runs.run({.question = "q"}).answer == "the answer");
}

TEST_CASE("A decision that is refused twice fails its node with the reason") {
  executor<planner_state> runs{planner_team("team", team({R"({"steps":[]})"}, {enough}))};
  const auto ended = runs.run_to_result({.question = "q"});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::malformed_answer);
  CHECK(ended.info.error->place().node == "planner");
  CHECK(ended.info.error->message().find("1 to 8 steps") != std::string::npos);
}

TEST_CASE("A planner team is drawn with its nodes and needs all its models") {
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
