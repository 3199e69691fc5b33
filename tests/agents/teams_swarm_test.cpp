#include "mcp/agents/teams_swarm.hpp"

#include "agents/teams_harness.hpp"

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

/// Alice and Bob with these models, both of them data.
swarm_options pair_of(std::shared_ptr<chat_model> alice, std::shared_ptr<chat_model> bob) {
  return {.members = {{"alice", "adds", model_agent{.model = std::move(alice)}},
                      {"bob", "talks", model_agent{.model = std::move(bob)}}}};
}

}  // namespace

TEST_CASE("Members of a swarm hand the conversation on, and a thread remembers who has it",
          "[teams]") {
  const auto alice = noting(in_turn({calling({"transfer_to_bob"}), text_answer("I am back.")}));
  const auto bob = noting(says({"Ahoy!", "Ahoy again!"}));
  executor<team_state> runs{swarm_team("swarm", pair_of(alice, bob)),
                            {.store = in_memory_checkpoint_store()}};
  const auto first = runs.run(asking("bob, please"), {.thread_id = "t"});
  check_calls_are_answered(first.messages);
  CHECK(lines(first.messages) == texts{"user: bob, please", "assistant alice:  [transfer_to_bob]",
                                       "tool transfer_to_bob: Successfully transferred to bob",
                                       "assistant bob: Ahoy!"});
  CHECK(first.active_agent == "bob");
  CHECK(first.hand_offs == 1);
  REQUIRE(alice->asked().at(0).tools.size() == 1);
  CHECK(alice->asked()[0].tools[0].name == "transfer_to_bob");
  CHECK(bob->asked().at(0).tools.at(0).name == "transfer_to_alice");

  const auto second = runs.run(asking("and now?"), {.thread_id = "t"});
  CHECK(second.messages.back().content == "Ahoy again!");
  CHECK(second.hand_offs == 0);
  CHECK(alice->asked().size() == 1);

  // Bob has left, in the store only: the first member takes over.
  runs.update_state("t", update<team_state>{}.set(&team_state::active_agent, "charles"), end);
  CHECK(runs.run(asking("hello?"), {.thread_id = "t"}).messages.back().content == "I am back.");
}

TEST_CASE("A swarm without hand-offs left asks for an answer, and then ends without one",
          "[teams]") {
  auto options =
      pair_of(in_turn({calling({"transfer_to_bob"})}), in_turn({calling({"transfer_to_alice"})}));
  options.max_hand_offs = 2;
  const auto alice = noting(in_turn({calling({"transfer_to_bob"})}));
  options.members[0] = {"alice", "", model_agent{.model = alice}};
  executor<team_state> runs{swarm_team("swarm", options)};
  const auto after = runs.run(asking("x"));
  check_calls_are_answered(after.messages);
  // To Bob, back to Alice, who is told that this was all, and does not listen.
  REQUIRE(alice->asked().size() == 3);
  CHECK(alice->asked()[2].messages.back().content ==
        "Error: no hand-offs are left: answer yourself, with what there is.");
  CHECK(after.messages.back().content == options.out_of_hand_offs);
  CHECK(after.messages.back().name == "alice");

  options.members[0] = {
      "alice", "",
      model_agent{.model = in_turn({calling({"transfer_to_bob"}), calling({"transfer_to_bob"}),
                                    text_answer("Then I do it.")})}};
  executor<team_state> listens{swarm_team("swarm", options)};
  CHECK(listens.run(asking("x")).messages.back().content == "Then I do it.");
}

TEST_CASE("A swarm may begin with anyone, keep last messages only, and no trace of hand-offs",
          "[teams]") {
  auto options = pair_of(says({"hello"}), in_turn({calling({"transfer_to_alice"})}));
  options.default_active_agent = "bob";
  options.output = output_mode::last_message;
  options.hand_off_messages = false;
  executor<team_state> runs{swarm_team("swarm", options)};
  const auto after = runs.run(asking("x"));
  CHECK(lines(after.messages) == texts{"user: x", "assistant alice: hello"});
}

TEST_CASE("A member of a swarm that is a graph hands off by a call or by a command", "[teams]") {
  auto options = pair_of(says({"hello"}), says({"hi"}));
  options.members.emplace_back("caller", "", [](const chat_state&) {
    auto said = assistant_message("ask alice");
    said.tool_calls = {{.id = "1", .name = "transfer_to_alice", .arguments = "{}"}};
    return update<chat_state>{}.append(&chat_state::messages, said);
  });
  options.members.emplace_back("commander", "",
                               [](const chat_state&) { return hand_off_command({}, "bob"); });
  options.default_active_agent = "caller";
  executor<team_state> calls{swarm_team("swarm", options)};
  CHECK(calls.run(asking("x")).messages.back().content == "hello");
  options.default_active_agent = "commander";
  executor<team_state> commands{swarm_team("swarm", options)};
  const auto after = commands.run(asking("x"));
  CHECK(lines(after.messages) == texts{"user: x", "assistant bob: hi"});
  CHECK(after.active_agent == "bob");
}

TEST_CASE("A swarm is stopped by a budget and by cancel", "[teams]") {
  auto options = pair_of(in_turn({calling({"transfer_to_bob"})}), says({"hi"}));
  options.members[1] = {"bob", "",
                        model_agent{.model = says({"hi"}), .asking = {.max_tokens = 100'000}}};
  executor<team_state> runs{swarm_team("swarm", options)};
  const auto ended =
      runs.run_to_result(asking("x"), {.budget = {.counters = {{"tokens", 10'000}}}});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::budget_exceeded);
  CHECK(ended.state().active_agent == "bob");
  const auto stuck = std::make_shared<waiting_model>();
  options.members[1] = {"bob", "", model_agent{.model = stuck}};
  check_cancel(swarm_team("swarm", options), asking("x"), *stuck);
}

TEST_CASE("A swarm is drawn with its members, and refuses what is no swarm", "[teams]") {
  auto options = pair_of(says({"a"}), says({"b"}));
  check_drawn(swarm_team("swarm", options), {"begin", "hand_off", "alice", "bob"});
  options.default_active_agent = "nobody";
  CHECK_THROWS_AS(swarm_team("swarm", options), error);
  options.default_active_agent.clear();
  options.max_hand_offs = 0;
  CHECK_THROWS_AS(swarm_team("swarm", options), error);
}

}  // namespace mcp::test
