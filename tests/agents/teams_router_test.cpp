#include "mcp/agents/teams_router.hpp"

#include "agents/teams_harness.hpp"

#include <optional>

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

router_options routes_to(std::shared_ptr<chat_model> model) {
  return {.model = std::move(model),
          .routes = {{"sums", "adds numbers", model_agent{.model = says({"42"})}},
                     {"poems", "writes verse", model_agent{.model = says({"O moon"})}},
                     {"rest", "everything else", model_agent{.model = says({"hm"})}}}};
}

/// The reasons of events "default_route" in a run, and its state.
std::pair<texts, team_state> run(const router_options& options) {
  executor<team_state> runs{router_team("router", options)};
  const auto run = runs.start(asking("what is 6 times 7?"),
                              {.events = static_cast<event_mask>(event_kind::custom)});
  const auto ended = run.join();
  ended.check();
  texts reasons;
  auto events = run.stream();
  while (const auto event = events.next()) {
    if (event->name == "default_route") reasons.push_back(event->json);
  }
  return {reasons, ended.state()};
}

}  // namespace

TEST_CASE("A router's model chooses one route, which answers", "[teams]") {
  const auto model = noting(says({R"({"routes":["sums"]})"}));
  const auto [reasons, after] = run(routes_to(model));
  CHECK(reasons.empty());
  CHECK(after.chosen == texts{"sums"});
  CHECK(after.active_agent == "sums");
  CHECK(lines(after.messages) == texts{"user: what is 6 times 7?", "assistant sums: 42"});
  REQUIRE(model->asked().size() == 1);
  const auto request = model->asked()[0];
  CHECK(request.messages[0].content.find("- poems: writes verse") != std::string::npos);
  CHECK(request.output_schema.find(R"("enum":["sums","poems","rest"])") != std::string::npos);
}

TEST_CASE("Several routes answer side by side, and a joiner makes one answer of theirs",
          "[teams]") {
  auto options = routes_to(says({R"({"routes":["left","right"]})"}));
  std::mutex mutex;
  std::vector<reply<chat_state>> waiting;
  // Each answers only when the other one is there; both say the same, at the same place.
  const auto meets = [&](const chat_state&, reply<chat_state> out) {
    std::vector<reply<chat_state>> all;
    {
      const std::lock_guard lock{mutex};
      waiting.push_back(std::move(out));
      if (waiting.size() < 2) return;
      all.swap(waiting);
    }
    for (const auto& one : all) {
      one.done(update<chat_state>{}.append(&chat_state::messages, assistant_message("met")));
    }
  };
  options.routes.emplace_back("left", "", meets);
  options.routes.emplace_back("right", "", meets);
  options.max_routes = 2;
  const auto joiner = noting(says({"both met"}));
  options.joiner = joiner;
  const auto [reasons, after] = run(options);
  CHECK(reasons.empty());
  CHECK(lines(after.messages) == texts{"user: what is 6 times 7?", "assistant left: met",
                                       "assistant right: met", "assistant: both met"});
  // The system prompt, the conversation, and what makes it the joiner's turn.
  CHECK(joiner->asked().at(0).messages.size() == 5);
  CHECK(joiner->asked()[0].messages.back().role == "user");
}

TEST_CASE("A choice that is none is told to the model once, and then the default is taken",
          "[teams]") {
  const auto* good = R"({"routes":["poems"]})";
  for (const auto* bad : {"sums", R"({"routes":[]})", R"({"routes":["prose"]})",
                          R"({"routes":["sums","poems"]})", R"({"routes":"sums"})"}) {
    INFO(bad);
    auto options = routes_to(says({bad, good}));
    CHECK(run(options).second.chosen == texts{"poems"});
    options.model = says({bad});
    options.default_route = "rest";
    const auto [reasons, after] = run(options);
    CHECK(reasons.size() == 1);
    CHECK(after.chosen == texts{"rest"});
    CHECK(after.messages.back().content == "hm");
  }
  auto twice = routes_to(says({R"({"routes":["sums","sums"]})"}));
  twice.max_routes = 2;
  const auto [reasons, after] = run(twice);
  REQUIRE(reasons.size() == 1);
  CHECK(reasons[0].find("does not fit") == std::string::npos);
  CHECK(after.chosen == texts{"sums"});
}

TEST_CASE("A function chooses in place of a model", "[teams]") {
  auto options = routes_to(nullptr);
  options.choose = [](const team_state& s) {
    return texts{s.messages[0].content.find("6") != std::string::npos ? "sums" : "poems"};
  };
  CHECK(run(options).second.messages.back().content == "42");
  options.choose = [](const team_state&) { return texts{"prose"}; };
  options.default_route = "rest";
  const auto [reasons, after] = run(options);
  CHECK(reasons == texts{R"("there is no route \"prose\"")"});
  CHECK(after.messages.back().content == "hm");
}

TEST_CASE("A router whose model fails, fails; a budget and cancel stop it", "[teams]") {
  auto options = routes_to(in_turn({{.failure = model_failure{error{errc::server_failed, "x"}}}}));
  executor<team_state> fails{router_team("router", options)};
  CHECK(fails.run_to_result(asking("x")).info.error.value().code() == errc::server_failed);
  options.model = says({R"({"routes":["sums"]})"});
  executor<team_state> poor{router_team("router", options)};
  const auto ended = poor.run_to_result(asking("x"), {.budget = {.counters = {{"tokens", 10}}}});
  CHECK(ended.info.error.value().code() == errc::budget_exceeded);
  const auto stuck = std::make_shared<waiting_model>();
  options.routes[0] = {"sums", "", model_agent{.model = stuck}};
  check_cancel(router_team("router", options), asking("x"), *stuck);
}

TEST_CASE("A router is drawn with its routes, and refuses what is none", "[teams]") {
  auto options = routes_to(says({"x"}));
  options.joiner = says({"x"});
  check_drawn(router_team("router", options), {"router", "sums", "poems", "rest", "joiner"});
  const auto refused = [&](auto change) {
    auto changed = options;
    change(changed);
    CHECK_THROWS_AS(router_team("router", changed), error);
  };
  refused([](auto& o) { o.model.reset(); });
  refused([](auto& o) { o.choose = [](const team_state&) { return texts{}; }; });
  refused([](auto& o) { o.default_route = "prose"; });
  refused([](auto& o) { o.max_routes = 0; });
  refused([](auto& o) { o.routes.clear(); });
}

}  // namespace mcp::test
