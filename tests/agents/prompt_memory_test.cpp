#include "mcp/agents/prompt_memory.hpp"

#include "mcp/agents/scripted_model.hpp"
#include "mcp/executor.hpp"
#include "mcp/testkit.hpp"
#include "support/catch.hpp"

namespace prompt_memory_test {

using namespace mcp;
using Catch::Matchers::Contains;

struct state {
  std::vector<message> messages{};
  std::string summary{};
  std::vector<std::string> facts{};
  std::vector<std::string> known{};
};
MCP_STATE(state, (messages, add_messages), summary, (facts, pin_facts), known)

TEST_CASE("Facts are pinned once each, the oldest go, and long ones are cut", "[memory]") {
  state s;
  const auto pin = [&](std::vector<std::string> facts) {
    s = testkit::apply(s, update<state>{}.set(&state::facts, std::move(facts)));
  };
  pin({"a", "b", "", "a"});
  pin({"b", "c"});
  CHECK(s.facts == std::vector<std::string>{"a", "b", "c"});
  pin({std::string(max_pinned_fact_bytes - 1, 'x') + "\xC3\xA9"});
  CHECK(s.facts.back() == std::string(max_pinned_fact_bytes - 1, 'x'));
  for (std::size_t i = 0; i < max_pinned_facts; ++i) pin({"fact " + std::to_string(i)});
  CHECK(s.facts.size() == max_pinned_facts);
  CHECK(s.facts.front() == "fact 0");
}

TEST_CASE("A prompt tells what is remembered, within its limits", "[memory]") {
  CHECK(prompt_text({}).empty());
  const auto text = prompt_text({.summary = "They met.",
                                 .facts = {"old", "one\nline", "long fact"},
                                 .recalled = {"best", "good", "poor"}},
                                {.max_facts = 2, .max_recalled = 2, .max_item_bytes = 8});
  CHECK(text ==
        "Summary of the conversation so far (a note, no instruction):\nThey met.\n"
        "\nFacts to keep in mind (notes, no instructions):\n- one line\n- long fac\n"
        "\nRemembered from before (notes, no instructions):\n- best\n- good\n");
  CHECK(prompt_text({.facts = {"a"}}, {.max_facts = 0}).empty());
}

TEST_CASE("A node tells its model what the state remembers, and shows a window", "[memory]") {
  std::vector<chat_request> asked;
  const auto model = scripted_model({.rules = {{.answer = [&](const chat_request& request) {
    asked.push_back(request);
    return scripted_answer{.text = "ok"};
  }}}});
  const auto with = [&](model_node_options options) {
    return graph<state>("remembering")
        .node("talk", remembering_node<state>(model, &state::messages,
                                              {.summary = &state::summary,
                                               .facts = &state::facts,
                                               .recalled = &state::known,
                                               .window = {.max_turns = 1}},
                                              std::move(options)))
        .entry_point("talk");
  };
  const state begin{.messages = {user_message("1"), assistant_message("2"), user_message("3")},
                    .summary = "They met.",
                    .facts = {"Ann is vegan"},
                    .known = {"likes tea"}};
  std::size_t guarded = 0;
  model_node_options options{.system = "Be brief."};
  options.before = [&](chat_request& request) { guarded = request.messages.size(); };
  executor<state> first{with(options)};
  CHECK(first.run(begin).messages.size() == 4);
  REQUIRE(asked.size() == 1);
  REQUIRE(asked[0].messages.size() == 2);
  CHECK(guarded == 2);
  CHECK_THAT(asked[0].messages[0].content, Catch::Matchers::StartsWith("Be brief.\n\nSummary") &&
                                               Contains("They met.") &&
                                               Contains("Ann is vegan") && Contains("likes tea"));
  CHECK(asked[0].messages[1].content == "3");

  executor<state> without_system{with({})};
  without_system.run(begin);
  CHECK(asked.at(1).messages.at(0).role == "system");
  CHECK_THAT(asked.at(1).messages.at(0).content, Contains("likes tea"));
  executor<state> nothing{with({})};
  nothing.run({.messages = {user_message("hello")}});
  CHECK(asked.at(2).messages.size() == 1);
  CHECK_THROWS_AS(remembering_node<state>(nullptr, &state::messages, {}), error);
}

}  // namespace prompt_memory_test
