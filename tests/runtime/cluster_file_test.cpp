#include "runtime/cluster_system_support.hpp"
#include "support/scoped_variable.hpp"

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;

namespace {

std::string problems_of(const std::string& text) {
  return cluster_folder{text}.problems();
}

const std::string good = R"(
state: {question: string, answer: string, messages: messages}
models: {main: {provider: scripted}}
nodes:
  think: {model: main, prompt: "{{ state.question }}", output: answer}
edges: [start -> think -> END]
)";

}  // namespace

TEST_CASE("A file without problems has none") {
  CHECK(problems_of(good) == "");
}

TEST_CASE("What is not UTF-8 is told with its place, wherever it comes from") {
  CHECK_THAT(problems_of("name: team\ndescription: caf\xc3\xa9 \xfe\n"),
             Contains("team.yaml:2:19: the file is not UTF-8 from here on; save it as UTF-8"));
  CHECK_THAT(problems_of("description: \"\\ud800\"" + good), Contains("team.yaml:1:21: "));
  const scoped_variable broken{"MCP_TEST_BROKEN", "\xc3("};
  CHECK_THAT(problems_of("description: a ${MCP_TEST_BROKEN}" + good),
             Contains("team.yaml:1:14: this text is not UTF-8"));
}

TEST_CASE("All problems of a file are reported at once, each at its place") {
  const auto text = problems_of(R"(name: team
state:
  question: strng
  notes: {type: array, reducer: apend}
models:
  main: {provider: scriptd}
tools:
  shout: {lua: "return (", description: Shouts.}
nodes:
  think: {model: mian, outptu: notes, tools: [shuot]}
  lost: {lua: "return {}", retry: {max_attempts: many}, timeout: 5}
edges:
  - start -> thnk
  - {from: lost, to: end}
limits: {deadline: soon}
nodez: {}
)");
  INFO(text);
  CHECK_THAT(text, Contains("team.yaml:3:13: the field \"question\" is of the unknown type "
                            "\"strng\", did you mean \"string\"?"));
  CHECK_THAT(text, Contains("team.yaml:4:10: the field \"notes\": "));
  CHECK_THAT(text, Contains("team.yaml:6:20: `provider` of the model \"main\" is \"scriptd\", did "
                            "you mean \"scripted\"?"));
  CHECK_THAT(text, Contains("team.yaml:8:16: this is not Lua: "));
  CHECK_THAT(text, Contains("team.yaml:10:24: the node \"think\" has no key `outptu`, did you mean "
                            "\"output\"?"));
  CHECK_THAT(text, Contains("team.yaml:10:18: there is no model \"mian\", did you mean \"main\"?"));
  CHECK_THAT(text, Contains("there is no tool \"shuot\", did you mean \"shout\"?"));
  CHECK_THAT(text,
             Contains("team.yaml:11:50: `max_attempts` of `retry` is \"many\"; write a whole"));
  CHECK_THAT(text, Contains("`timeout` of the node \"lost\" is \"5\"; write a duration"));
  CHECK_THAT(text, Contains("team.yaml:13:14: there is no node \"thnk\", did you mean \"think\"?"));
  CHECK_THAT(text, Contains("there is no node \"end\""));
  CHECK_THAT(text,
             Contains("team.yaml:15:20: `deadline` of `limits` is \"soon\"; write a duration"));
  CHECK_THAT(text,
             Contains("team.yaml:16:1: the file has no key `nodez`, did you mean \"nodes\"?"));
}

TEST_CASE("Parts of the wrong kind are refused, not guessed at") {
  CHECK_THAT(problems_of("[1, 2]"), Contains("the file is a list"));
  CHECK_THAT(problems_of("name: x"), Contains("there is no `state`") && Contains("no `nodes`"));
  CHECK_THAT(problems_of("state: [a]\nnodes: 3"),
             Contains("1:8: `state` is a list") && Contains("2:8: `nodes` is a text"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a: {}}"), Contains("says not what it is"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a: {lua: x=1, ask: hm}}"),
             Contains("more than once"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a|b: {lua: x=1}}"),
             Contains("cannot be the name of a node"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a: {lua: {b: 1}}}"),
             Contains("2:18: a script is a mapping"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a: {lua: x=1}}\nedges: [start - a]"),
             Contains("is not a chain"));
  CHECK_THAT(problems_of("state: {a: string}\nnodes: {a: {lua: x=1}}\nstore: sqlit"),
             Contains("3:8: the store \"sqlit\""));
}

TEST_CASE("What the graph's own check finds gets the place of the node") {
  const auto text = problems_of(R"(state: {a: string}
nodes:
  one: {lua: "return {a = 'x'}"}
  two: {lua: "return {}"}
edges: [start -> one -> END]
)");
  CHECK_THAT(text, Contains("team.yaml:4:3: ") && Contains("two"));
}

TEST_CASE("A missing file, a folder and a file that is too large are told apart") {
  const cluster_folder folder{good};
  const auto of = [](const std::string& path) {
    return cluster::to_text(cluster::cluster_system::check(path));
  };
  CHECK_THAT(of(folder.path("none.yaml")), Contains("cannot be opened"));
  CHECK_THAT(of(folder.path("")), Contains("folder"));
  folder.write("large.yaml", std::string(2u << 20, 'x'));
  CHECK_THAT(of(folder.path("large.yaml")), Contains("larger than"));
}

TEST_CASE("Loading a file with problems throws them all") {
  const cluster_folder folder{"state: {a: strng}\nnodes: {b: {lua: '('}}\n"};
  try {
    static_cast<void>(folder.load());
    FAIL("it was loaded");
  } catch (const error& wrong) {
    CHECK(wrong.code() == errc::invalid_cluster_file);
    CHECK_THAT(wrong.message(), Contains(":1:12: ") && Contains("\n") && Contains(":2:18: "));
  }
}

TEST_CASE("A model is replaced from outside, and a wrong replacement is a problem") {
  const cluster_folder folder{good};
  CHECK_THAT(folder.problems({.models = {{"mian", "scripted"}}}),
             Contains("no model \"mian\" to replace, did you mean \"main\"?"));
  CHECK_THAT(folder.problems({.models = {{"main", "script"}}}), Contains("cannot be replaced"));
  CHECK_THAT(folder.problems({.models = {{"main", "replay:none.jsonl"}}}), Contains("main"));
  CHECK(folder.problems({.models = {{"main", "openai:gpt@http://localhost:1/v1"}}}) == "");
}
