#include "mcp/agents/teams_debate.hpp"

#include "agents/teams_harness.hpp"
#include "teams/tally.hpp"

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

std::string vote(const std::string& what) {
  return R"({"vote":")" + what + R"("})";
}

/// Says `argument` until it is asked to vote, then `ballot`.
std::shared_ptr<chat_model> debating(std::string argument, std::string ballot) {
  return scripted_model({.rules = {{.contains = "Vote for", .answers = {{.text = ballot}}},
                                   {.answers = {{.text = argument}}}}});
}

debate_options about_tea(const texts& ballots) {
  debate_options options;
  for (const auto& ballot : ballots) {
    const auto name = "d" + std::to_string(options.debaters.size() + 1);
    options.debaters.push_back({name, debating(name + " says", ballot), "You like tea."});
  }
  return options;
}

debate_state decided(const debate_options& options) {
  executor<debate_state> runs{debate_team("debate", options)};
  return runs.run({.question = "tea?"});
}

}  // namespace

TEST_CASE("The most votes win, and of equals the first", "[teams]") {
  const texts names{"a", "b", "c"};
  const auto winner = [&](const texts& votes) {
    std::vector<debate_ballot> ballots;
    for (const auto& one : votes) ballots.push_back({"v", one});
    return teams::majority(ballots, names);
  };
  CHECK(winner({"b", "c", "b"}) == "b");
  CHECK(winner({"c", "b"}) == "b");
  CHECK(winner({"c", "b", "a"}) == "a");
  CHECK(winner({"c", "", "", "x"}) == "c");
  CHECK_FALSE(winner({"", "x"}));
  CHECK_FALSE(winner({}));
}

TEST_CASE("Debaters argue round by round, each knowing the rounds before, and a judge decides",
          "[teams]") {
  auto options = about_tea({"", ""});
  const auto first = noting(options.debaters[0].model);
  options.debaters[0].model = first;
  const auto judge = noting(says({R"({"winner":"d2","answer":"Tea."})"}));
  options.judge = judge;
  const auto after = decided(options);
  CHECK(after.answer == "Tea.");
  CHECK(after.winner == "d2");
  CHECK(after.round == 2);
  const std::vector<debate_argument> said{
      {1, "d1", "d1 says"}, {1, "d2", "d2 says"}, {2, "d1", "d1 says"}, {2, "d2", "d2 says"}};
  CHECK(after.arguments == said);
  REQUIRE(first->asked().size() == 2);
  CHECK(first->asked()[0].messages[0].content == "You like tea.");
  CHECK(first->asked()[0].messages[1].content.find("says") == std::string::npos);
  CHECK(first->asked()[1].messages[1].content.find("d2 (round 1): d2 says") != std::string::npos);
  CHECK(judge->asked().at(0).messages[1].content.find("d1 (round 2)") != std::string::npos);
}

TEST_CASE("Debaters vote for one of them, or for a choice", "[teams]") {
  auto options = about_tea({vote("d3"), vote("d2"), vote("d2")});
  auto after = decided(options);
  CHECK(after.winner == "d2");
  CHECK(after.answer == "d2 says");
  CHECK(after.ballots == std::vector<debate_ballot>{{"d1", "d3"}, {"d2", "d2"}, {"d3", "d2"}});

  options = about_tea({vote("no"), vote("yes")});
  options.choices = {"yes", "no"};
  options.rounds = 1;
  after = decided(options);
  CHECK(after.winner == "yes");
  CHECK(after.answer == "yes");
  CHECK(after.arguments.size() == 2);
}

TEST_CASE("A ballot that is refused twice is an abstention; a vote of nobody fails", "[teams]") {
  auto after = decided(about_tea({"tea!", vote("nobody"), vote("d1")}));
  CHECK(after.ballots == std::vector<debate_ballot>{{"d1", ""}, {"d2", ""}, {"d3", "d1"}});
  CHECK(after.winner == "d1");
  executor<debate_state> none{debate_team("debate", about_tea({"tea!", "tea!"}))};
  const auto ended = none.run_to_result({.question = "tea?"});
  CHECK(ended.info.error.value().code() == errc::malformed_answer);
  CHECK(ended.info.error->place().node == "count");
  CHECK(ended.state().arguments.size() == 4);
}

TEST_CASE("A judge that names a stranger or has no answer is asked once more", "[teams]") {
  auto options = about_tea({"", ""});
  for (const auto* bad : {R"({"winner":"me","answer":"x"})", R"({"winner":"d1","answer":""})"}) {
    options.judge = says({bad, R"({"winner":"","answer":"Both."})"});
    CHECK(decided(options).answer == "Both.");
    options.judge = says({bad});
    executor<debate_state> runs{debate_team("debate", options)};
    const auto ended = runs.run_to_result({.question = "tea?"});
    CHECK(ended.info.error.value().code() == errc::malformed_answer);
    CHECK(ended.info.error->place().node == "judge");
  }
}

TEST_CASE("A thread can hold one debate after the other", "[teams]") {
  executor<debate_state> runs{debate_team("debate", about_tea({vote("d2"), vote("d2")})),
                              {.store = in_memory_checkpoint_store()}};
  CHECK(runs.run({.question = "tea?"}, {.thread_id = "t"}).winner == "d2");
  const auto after = runs.run({.question = "milk?"}, {.thread_id = "t"});
  CHECK(after.winner == "d2");
  CHECK(after.round == 2);
  CHECK(after.arguments.size() == 4);
  CHECK(after.ballots.size() == 2);
}

TEST_CASE("The debaters of a round speak side by side", "[teams]") {
  // Both calls are under way, and stopped by the cancel of the run.
  const auto one = std::make_shared<waiting_model>();
  const auto other = std::make_shared<waiting_model>();
  const debate_options options{.debaters = {{"one", one, ""}, {"other", other, ""}}};
  executor<debate_state> runs{debate_team("debate", options)};
  const auto run = runs.start({.question = "tea?"});
  one->started.get_future().wait();
  other->started.get_future().wait();
  run.cancel();
  CHECK(run.join().status() == run_status::cancelled);
  one->stopped.get_future().wait();
  other->stopped.get_future().wait();
}

TEST_CASE("A debate stays within its budget, and can be resumed", "[teams]") {
  auto options = about_tea({vote("d2"), vote("d2")});
  options.asking.max_tokens = 400;
  executor<debate_state> runs{debate_team("debate", options),
                              {.store = in_memory_checkpoint_store()}};
  const auto ended = runs.run_to_result(
      {.question = "tea?"}, {.thread_id = "t", .budget = {.counters = {{"tokens", 950}}}});
  CHECK(ended.info.error.value().code() == errc::budget_exceeded);
  CHECK(ended.info.usage.counters.at("tokens") <= 950);
  CHECK(ended.state().arguments.size() >= 2);
  const auto resumed = runs.resume("t", {}, {.budget = {.counters = {{"tokens", 100'000}}}}).join();
  CHECK(resumed.state().winner == "d2");
}

TEST_CASE("A debate is drawn with its nodes, and refuses what is none", "[teams]") {
  auto options = about_tea({"", ""});
  check_drawn(debate_team("debate", options), {"moderator", "debater", "voter", "count"});
  options.judge = says({"x"});
  check_drawn(debate_team("debate", options), {"moderator", "debater", "judge"});
  const auto refused = [&](auto change) {
    auto changed = options;
    change(changed);
    CHECK_THROWS_AS(debate_team("debate", changed), error);
  };
  refused([](auto& o) { o.debaters.clear(); });
  refused([](auto& o) { o.debaters[1].name = "d1"; });
  refused([](auto& o) { o.debaters[1].name.clear(); });
  refused([](auto& o) { o.debaters[1].model.reset(); });
  refused([](auto& o) { o.rounds = 0; });
  refused([](auto& o) { o.choices = {"yes"}; });
  refused([](auto& o) { o.debaters.resize(65, o.debaters[0]); });
}

}  // namespace mcp::test
