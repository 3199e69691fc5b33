#include "mcp/agents/guards.hpp"

#include "agents/teams_harness.hpp"
#include "guards/pattern.hpp"
#include "mcp/testkit.hpp"

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

const std::string aws_key = "AKIA" + std::string(16, 'Q');
const std::string token = "ghp_" + std::string(36, 'a');

graph<chat_state> talk(const std::shared_ptr<chat_model>& model, model_node_options options = {}) {
  return graph<chat_state>("talk")
      .node("talk", model_node(model, &chat_state::messages, std::move(options)))
      .entry_point("talk")
      .finish_point("talk");
}

run_result<chat_state> said(const std::shared_ptr<chat_model>& model, const std::string& text,
                            model_node_options options = {}) {
  executor<chat_state> runs{talk(model, std::move(options))};
  return runs.run_to_result({.messages = {user_message(text)}});
}

std::optional<std::vector<guards::span>> search(const std::string& what, const std::string& text) {
  return guards::pattern{what}.search(text, 100);
}

}  // namespace

TEST_CASE("A pattern finds all its places, whatever the bytes are", "[guards]") {
  const auto places = [](const std::string& what, const std::string& text) {
    std::vector<std::pair<std::size_t, std::size_t>> all;
    const auto spans = search(what, text).value();
    for (const auto& one : spans) all.emplace_back(one.begin, one.end);
    return all;
  };
  using found = std::vector<std::pair<std::size_t, std::size_t>>;
  CHECK(places("a+", "baab a") == found{{1, 3}, {5, 6}});
  CHECK(places("x*", "\xc3\xa4x") == found{{0, 0}, {2, 3}, {3, 3}});
  CHECK(places("(?i)\xc3\xa4", "\xc3\x84\xff\xc3\xa4") == found{{0, 2}, {3, 5}});
  CHECK(places("b", "\xff\xfe").empty());
  CHECK(places("a\\Kb", "abab") == found{{1, 2}, {3, 4}});
  CHECK(places("q", "").empty());
}

TEST_CASE("A search ends within its limits, and a pattern that is none is refused", "[guards]") {
  CHECK_FALSE(search("(a+)+$", std::string(5000, 'a') + "b"));
  CHECK_FALSE(search("(.*)(.*)(.*)(.*)[xz]", std::string(20'000, 'y')));
  CHECK_FALSE(search("a", std::string(guards::max_text_bytes + 1, 'b')));
  CHECK(search("a", std::string(guards::max_text_bytes, 'b')));
  CHECK_THROWS_AS(guards::pattern{"(a"}, error);
  CHECK_THROWS_AS(guards::pattern{std::string(guards::max_pattern_bytes + 1, 'a')}, error);
  CHECK_THROWS_AS(guards::pattern{"\\C"}, error);
  CHECK_THROWS_AS(guards::pattern{"\xff"}, error);
}

TEST_CASE("A guard names the rule that a text breaks, not the text", "[guards]") {
  const guard rules{
      {.name = "door", .max_bytes = 60, .blocked = {"(?i)open\\s+sesame"}, .secrets = true}};
  CHECK_FALSE(rules.problem("good morning, the task-skill list is empty"));
  CHECK(rules.problem(std::string(61, 'x')).value().find("max_bytes, 60") != std::string::npos);
  CHECK(rules.problem("OPEN  sesame") == "blocked pattern 1");
  CHECK(rules.problem("key " + aws_key) == "it contains an access key");
  CHECK_THROWS_WITH(rules.checked("open sesame"), Catch::Contains("door") &&
                                                      Catch::Contains("blocked pattern 1") &&
                                                      !Catch::Contains("sesame"));
  const guard hard{{.blocked = {"(a+)+$"}}};
  CHECK(hard.problem(std::string(5000, 'a') + "b").value().find("could not be checked") !=
        std::string::npos);
}

TEST_CASE("Well-known secrets are found", "[guards]") {
  const guard rules{{.secrets = true, .on_refusal = refusal::redact}};
  for (const auto& secret :
       {aws_key, token, "sk-" + std::string(24, 'x'), "sk_live_" + std::string(20, '1'),
        "AIza" + std::string(35, '_'), "github_pat_" + std::string(30, 'b'),
        "glpat-" + std::string(20, 'c'), std::string{"xoxb-123456789012"},
        std::string{"eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"}, "Bearer " + std::string(30, 'd'),
        std::string{"-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----"}}) {
    INFO(secret);
    CHECK(rules.problem("it is " + secret + " ok"));
    CHECK(rules.checked("it is " + secret + " ok") == "it is [removed] ok");
  }
}

TEST_CASE("A guard takes out what matched, cuts what is long, or replaces the whole", "[guards]") {
  const guard redacts{
      {.max_bytes = 12, .blocked = {"b+", "c"}, .on_refusal = refusal::redact, .replacement = "-"}};
  CHECK(redacts.checked("abbcab") == "a--a-");
  CHECK(redacts.checked(std::string(11, 'a') + "\xc3\xa4") == std::string(11, 'a'));
  const guard replaces{{.blocked = {"b"}, .on_refusal = refusal::replace, .replacement = "no"}};
  CHECK(replaces.checked("abc") == "no");
  CHECK(replaces.checked("ac") == "ac");
  // A replacement that breaks the rule again cannot take it out.
  const guard stubborn{{.blocked = {"b"}, .on_refusal = refusal::redact, .replacement = "bb"}};
  CHECK(stubborn.checked("abc") == "bb");
}

TEST_CASE("A text that has to fit a schema is refused without being quoted", "[guards]") {
  const guard rules{{.schema = R"({"type":"object","required":["n"]})"}};
  CHECK_FALSE(rules.problem(R"({"n":1})"));
  CHECK(rules.problem("hello").value().find("not JSON") != std::string::npos);
  CHECK(rules.problem(R"({"secret":1})").value().find("secret") == std::string::npos);
  CHECK_THROWS_AS((guard{{.schema = R"({"type":7})"}}), error);
  CHECK_THROWS_AS((guard{{.blocked = {"("}}}), error);
  CHECK_THROWS_AS((guard{{.blocked = texts(1001, "a")}}), error);
  const guard replaces{
      {.schema = R"({"type":"object"})", .on_refusal = refusal::redact, .replacement = "{}"}};
  CHECK(replaces.checked("hello") == "{}");
}

TEST_CASE("A guarded model refuses a question without asking it", "[guards]") {
  const auto inner = noting(says({"hi"}));
  const auto model = with_guards(inner, {.input = guard{{.name = "door", .blocked = {"bomb"}}}});
  const auto refused = said(model, "a bomb");
  CHECK(refused.info.error.value().code() == errc::guard_refused);
  CHECK(refused.info.error->place().node == "talk");
  CHECK(refused.info.usage.counters.at("tokens") == 0);
  CHECK(inner->asked().empty());
  CHECK(said(model, "a bone").done());
  const auto redacting =
      with_guards(inner, {.input = guard{{.secrets = true, .on_refusal = refusal::redact}}});
  const auto after = said(redacting, "my key " + aws_key);
  CHECK(inner->asked().back().messages.back().content == "my key [removed]");
  CHECK(after.state().messages[0].content == "my key " + aws_key);
}

TEST_CASE("Nothing of a guarded answer is shown before it was checked", "[guards]") {
  const auto leaks = in_turn({{.text = "take " + token + ", or not",
                               .tool_calls = {{"1", "post", R"({"key":")" + token + R"("})"}}}});
  const guard rules{{.secrets = true, .on_refusal = refusal::redact}};
  const auto as_model = with_guards(leaks, {.output = rules});
  const auto as_options = guarded({}, {.output = rules});
  for (const bool wrapped : {true, false}) {
    executor<chat_state> runs{wrapped ? talk(as_model) : talk(leaks, as_options)};
    const auto run = runs.start({.messages = {user_message("x")}}, {.events = all_events});
    const auto ended = run.join();
    REQUIRE(ended.done());
    const auto reply = ended.state().messages.back();
    CHECK(reply.content == "take [removed], or not");
    CHECK(reply.tool_calls.at(0).arguments == R"({"key":"[removed]"})");
    auto events = run.stream();
    std::size_t shown = 0;
    while (const auto event = events.next()) {
      CHECK(event->json.find("ghp_") == std::string::npos);
      if (event->kind == event_kind::messages) ++shown;
    }
    CHECK(shown >= 1);
  }
}

TEST_CASE("An answer that is replaced has no calls left, and one that is refused fails",
          "[guards]") {
  const auto leaks =
      in_turn({{.text = "", .tool_calls = {{"1", "post", R"({"key":")" + token + R"("})"}}}});
  const auto replaced =
      said(with_guards(leaks, {.output = guard{{.secrets = true, .on_refusal = refusal::replace}}}),
           "x");
  REQUIRE(replaced.done());
  CHECK(replaced.state().messages.back().content == "[removed]");
  CHECK(replaced.state().messages.back().tool_calls.empty());
  const auto refused = said(with_guards(leaks, {.output = guard{{.secrets = true}}}), "x");
  CHECK(refused.info.error.value().code() == errc::guard_refused);
  CHECK(std::string{refused.info.error->what()}.find("ghp_") == std::string::npos);
  // Calls alone are no text that has to fit a schema.
  const guard json{{.schema = R"({"type":"object","required":["n"]})"}};
  CHECK(said(with_guards(leaks, {.output = json}), "x").done());
  CHECK(said(with_guards(says({"hello"}), {.output = json}), "x").info.error.value().code() ==
        errc::guard_refused);
}

TEST_CASE("Guards in a node's options run beside its own", "[guards]") {
  texts order;
  model_node_options own;
  own.before = [&](chat_request& request) {
    order.emplace_back("before");
    request.messages.back().content += " bomb";
  };
  own.after = [&](chat_answer& answer) { answer.reply.content += "!"; };
  const auto options = guarded(
      own,
      {.input = guard{{.max_bytes = 100}},
       .output = guard{{.blocked = {"!"}, .on_refusal = refusal::redact, .replacement = "."}}});
  const auto ended = said(says({"hi"}), "x", options);
  CHECK(ended.state().messages.back().content == "hi.");
  CHECK(order == texts{"before"});
  const auto refuses = guarded(own, {.input = guard{{.blocked = {"bomb"}}}});
  CHECK(said(says({"hi"}), "x", refuses).info.error.value().code() == errc::guard_refused);
}

TEST_CASE("A cancel goes through a guarded model", "[guards]") {
  const auto stuck = std::make_shared<waiting_model>();
  check_cancel(talk(with_guards(stuck, {.output = guard{{.secrets = true}}})),
               chat_state{.messages = {user_message("x")}}, *stuck);
}

TEST_CASE("A guard node asks a person, who accepts, edits or rejects", "[guards]") {
  const auto [answer, text] = GENERATE(table<guard_answer, std::string>({
      {{.type = guard_decision::accept}, "hello bomb"},
      {{.type = guard_decision::edit, .text = "hello bone"}, "hello bone"},
      {{.type = guard_decision::reject}, "[removed]"},
      {{.type = guard_decision::reject, .text = "not said"}, "not said"},
  }));
  const guard rules{{.name = "door", .blocked = {"bomb"}, .on_refusal = refusal::ask}};
  auto guarded_talk = graph<chat_state>("talk")
                          .node("talk", model_node(says({"hello bomb"}), &chat_state::messages))
                          .node("door", guard_node(rules, &chat_state::messages))
                          .entry_point("talk")
                          .edge("talk", "door")
                          .finish_point("door");
  executor<chat_state> runs{guarded_talk, {.store = in_memory_checkpoint_store()}};
  const auto waits = runs.run_to_result({.messages = {user_message("x")}}, {.thread_id = "t"});
  REQUIRE(waits.status() == run_status::interrupted);
  CHECK(from_json<guard_question>(waits.interrupts().at(0).question) ==
        guard_question{"door", "blocked pattern 1", "hello bomb"});
  const auto ended = runs.resume("t", answers::only(answer)).join();
  REQUIRE(ended.done());
  CHECK(ended.state().messages.size() == 2);
  CHECK(ended.state().messages.back().content == text);
}

TEST_CASE("A guard node leaves good texts alone, and asks only where it can", "[guards]") {
  const auto node =
      guard_node(guard{{.blocked = {"b"}, .on_refusal = refusal::redact}}, &chat_state::messages);
  testkit::fake_context fake;
  auto ctx = fake.start();
  CHECK(node({}, ctx).empty());
  CHECK(node({.messages = {user_message("a")}}, ctx).empty());
  CHECK_FALSE(node({.messages = {user_message("ab")}}, ctx).empty());
  const guard asks{{.on_refusal = refusal::ask}};
  CHECK_THROWS_AS(with_guards(says({"x"}), {.input = asks}), error);
  CHECK_THROWS_AS(guarded({}, {.output = asks}), error);
  CHECK_THROWS_AS(with_guards(nullptr, {}), error);
}

}  // namespace mcp::test
