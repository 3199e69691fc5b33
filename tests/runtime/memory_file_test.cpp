// Windows and summaries in cluster files, and what is wrong with these and notes.
#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::string problems_of(const std::string& text) {
  return cluster_folder{text}.problems();
}

json said(const std::string& role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

/// A model that says what it was shown.
const std::string echo = R"(models:
  main:
    provider: scripted
    rules:
      - lua: |
          local all = {}
          for i, one in ipairs(messages) do all[i] = one.role .. ": " .. one.content end
          return table.concat(all, "|")
)";

std::string talking(const std::string& more, const std::string& fields = {}) {
  return "state: {messages: messages, answer: string" + fields + "}\n" + echo +
         "nodes:\n  talk: {model: main, output: answer" + more +
         "}\nedges: [start -> talk -> END]\n";
}

const json long_talk{{"messages",
                      {said("user", "one"), said("assistant", "1"), said("user", "two"),
                       said("assistant", "2"), said("user", "three")}}};

}  // namespace

TEST_CASE("A window decides what a model is asked with, and the state keeps all", "[memory]") {
  const auto after = run_file(talking(", window: {turns: 2}"), long_talk);
  CHECK(after["answer"] == "user: two|assistant: 2|user: three");
  CHECK(after["messages"].size() == 6);
  CHECK(run_file(talking(""), long_talk)["answer"].get<std::string>().starts_with("user: one|"));
  CHECK(run_file(talking(", window: {tokens: 3}"), long_talk)["answer"] == "user: three");
}

TEST_CASE("Pinned speakers stay in a window", "[memory]") {
  auto talk = long_talk;
  talk["messages"][0]["name"] = "brief";
  const auto answer =
      run_file(talking(", window: {turns: 1, pinned: [brief]}"), talk)["answer"].get<std::string>();
  CHECK(answer == "user: one|user: three");
}

TEST_CASE("A model is told the summary, the facts and what was recalled", "[memory]") {
  const auto file =
      talking(", system: Be kind., knows: {summary: sum, facts: facts, recalled: known}",
              ", sum: string, facts: {type: array, items: {type: string}, reducer: pin_facts}, "
              "known: any_of");
  CHECK_THAT(problems_of(file), Contains("the field \"known\" is of the unknown type"));
  const auto told =
      run_file(
          talking(", system: Be kind., knows: {summary: sum, facts: facts, recalled: known}",
                  ", sum: string, facts: {type: array, items: {type: string}, reducer: pin_facts}, "
                  "known: {type: array}"),
          {{"messages", {said("user", "hi")}},
           {"sum", "We met."},
           {"facts", {"likes tea", "likes tea"}},
           {"known", {{{"text", "lives in Oslo"}}, "is tall"}}})["answer"]
          .get<std::string>();
  CHECK_THAT(told, Contains("system: Be kind.") && Contains("We met.") &&
                       Contains("- likes tea\n") && Contains("- lives in Oslo\n") &&
                       Contains("- is tall\n") && Contains("|user: hi"));
}

TEST_CASE("Pinned facts are each there once, and the oldest go", "[memory]") {
  const auto pinned = [](const std::string& script) {
    return run_file(
        "state:\n  facts: {type: array, items: {type: string}, reducer: pin_facts}\n"
        "nodes: {n: {lua: \"" +
        script + "\"}}\nedges: [start -> n -> END]\n")["facts"];
  };
  CHECK(pinned("return {facts = {'a', 'b', 'a'}}") == json{"a", "b"});
  const auto many = pinned("local f = {} for i = 1, 70 do f[i] = 'f' .. i end return {facts = f}");
  CHECK(many.size() == 64);
  CHECK(many.front() == "f7");
}

TEST_CASE("A summary takes the place of what was said long ago", "[memory]") {
  const std::string file = R"(state: {messages: messages, sum: string}
models:
  cheap: {provider: scripted, rules: [{contains: "user: one", text: "They counted."}, {text: "no"}]}
nodes:
  fold: {summarize: cheap, into: sum, limit: {turns: 2}, keep: {turns: 1}}
edges: [start -> fold -> END]
)";
  CHECK(problems_of(file).empty());
  const auto after = run_file(file, long_talk);
  CHECK(after["sum"] == "They counted.");
  REQUIRE(after["messages"].size() == 1);
  CHECK(after["messages"][0]["content"] == "three");
  const json brief{{"messages", {said("user", "one")}}, {"sum", "as it was"}};
  CHECK(run_file(file, brief)["sum"] == "as it was");
  CHECK(run_file(file, brief)["messages"].size() == 1);
}

TEST_CASE("Problems of memory in a file have their place and the nearest name", "[memory]") {
  const auto talk = [](const std::string& more) { return problems_of(talking(more)); };
  CHECK_THAT(talk(", window: {turn: 2}"), Contains("team.yaml:11:48:") && Contains("\"turns\""));
  CHECK_THAT(talk(", window: {}"), Contains("limits nothing"));
  CHECK_THAT(talk(", window: {turns: 0}"), Contains("write a number from 1 to"));
  CHECK_THAT(talk(", knows: {summery: answer}"), Contains("did you mean \"summary\"?"));
  CHECK_THAT(talk(", knows: {summary: anser}"), Contains("did you mean \"answer\"?"));
  CHECK_THAT(talk(", knows: {facts: answer}"), Contains("the field \"answer\" is no list"));
  CHECK_THAT(talk(", knows: {summary: messages}"), Contains("is no text"));

  const auto node = [](const std::string& text) {
    return problems_of("state: {messages: messages, sum: string, known: {type: array}}\n" + echo +
                       "nodes:\n  n: {" + text + "}\nedges: [start -> n -> END]\n");
  };
  CHECK_THAT(node("summarize: mian, into: sum"), Contains("did you mean \"main\"?"));
  CHECK_THAT(node("summarize: main"), Contains("has no `into`"));
  CHECK_THAT(node("summarize: main, into: known"), Contains("is no text"));
  CHECK_THAT(node("summarize: main, into: sum, keep: {tokens: 5000}"),
             Contains("team.yaml:11:41:") && Contains("not smaller than its limit"));
  CHECK_THAT(node("summarize: main, into: sum, on_failure: kep"), Contains("\"keep\""));
  CHECK_THAT(node("remember: x"), Contains("does not say whose memory"));
  CHECK_THAT(node("remember: x, scope: user"), Contains("which user"));
  CHECK_THAT(node("remember: x, scope: {usr: a}"), Contains("did you mean \"user\"?"));
  CHECK_THAT(node("remember: {lua: \"return memory\"}, scope: thread"), Contains("no `memory`"));
  CHECK_THAT(node("remember: {lua: \"return 1\"}, scope: thread, key: a"),
             Contains("beside `lua`"));
  CHECK_THAT(node("recall: x, scope: thread"), Contains("has no `into`"));
  CHECK_THAT(node("recall: x, scope: thread, into: knwn"), Contains("did you mean \"known\"?"));
  CHECK_THAT(node("recall: x, scope: [], into: known"), Contains("write 1 to 8"));
  CHECK_THAT(node("recall: x, scope: thread, into: known, limit: 101"), Contains("from 1 to 100"));
  CHECK_THAT(node("recal: x"), Contains("says not what it is"));

  const auto memory = [](const std::string& text) {
    return problems_of(
        "state: {a: string}\nnodes: {n: {lua: \"return {}\"}}\n"
        "edges: [start -> n -> END]\nmemory: {embeddings: " +
        text + "}\n");
  };
  CHECK(memory("{provider: hashing, dimensions: 64}").empty());
  CHECK(memory("{provider: openai, model: m, base_url: \"http://127.0.0.1:1/v1\"}").empty());
  CHECK_THAT(memory("{provider: opnai, model: m}"),
             Contains("team.yaml:4:33:") && Contains("did you mean \"openai\"?"));
  CHECK_THAT(memory("{}"), Contains("has no `provider`"));
  CHECK_THAT(memory("{provider: openai}"), Contains("which `model` to ask"));
  CHECK_THAT(memory("{provider: openai, model: m, base_url: \"ftp://x\"}"),
             Contains("team.yaml:4:22: the embeddings: "));
  CHECK_THAT(memory("{provider: hashing, dimensions: 0}"), Contains("write a number from 1"));
  CHECK_THAT(memory("{provider: hashing, model: m}"), Contains("has no key `model`"));
}
