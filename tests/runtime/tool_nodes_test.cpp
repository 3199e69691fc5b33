#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("The state gives arguments of a tool in place of the model") {
  const auto state = run_file(R"(
state: {who: {type: string, default: Ann}, answer: string, messages: messages}
models:
  main:
    provider: scripted
    rules:
      - {role: tool, text: "{{ text }}"}
      - {tool_calls: [{name: greet, arguments: {word: hello, who: Eve}}]}
tools:
  greet:
    description: Greets.
    parameters: {type: object, properties: {word: {type: string}, who: {type: string}},
                 required: [word, who]}
    given: {who: state.who}
    lua: return args.word .. " " .. args.who
nodes:
  think: {model: main, prompt: go, tools: [greet], output: answer}
  tools: {run_tools: [greet]}
edges:
  - start -> think
  - {from: think, tools: tools}
  - tools -> think
)");
  CHECK(state["answer"] == "hello Ann");
}

TEST_CASE("A tool in Lua sees the key of its call, the same when the call is repeated") {
  const auto state = run_file(R"(
state: {first: string, second: string}
tools:
  key:
    description: Says its key.
    retry: {max_attempts: 2, initial_interval: 1ms, jitter: false}
    lua: |
      if not memory.get("keys", idempotency_key) then
        memory.remember("keys", "seen", {key = idempotency_key})
        error("again")
      end
      return idempotency_key .. " " .. tostring(call_id ~= nil)
nodes:
  a: {call: key, into: first}
  b: {call: key, into: second}
edges: [start -> a -> b]
)");
  CHECK_THAT(state["first"].get<std::string>(), Contains("/") && Contains(" true"));
  CHECK(state["first"] != state["second"]);
}

TEST_CASE("A node calls a tool without a model") {
  const std::string file =
      R"(state: {n: {type: integer, default: 20}, text: string, sum: {type: object}}
tools:
  add:
    description: Adds.
    parameters: {type: object, properties: {a: {type: integer}, b: {type: integer}},
                 required: [a, b]}
    lua: |
      if args.b < 0 then error("b is negative") end
      return {sum = args.a + args.b}
nodes:
  add: {call: add, arguments: {a: state.n, b: "22"}, into: INTO}
edges: [start -> add -> END]
)";
  const auto with = [&file](const std::string& from, const std::string& to) {
    auto text = file;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  CHECK(run_file(with("INTO", "sum"))["sum"]["sum"] == 42);
  CHECK(run_file(with("INTO", "text"))["text"] == R"({"sum":42})");
  auto wrong = with("INTO", "sum");
  wrong.replace(wrong.find("\"22\""), 4, "\"-1\"");
  CHECK_THROWS_WITH(run_file(wrong), Contains("the tool \"add\"") && Contains("b is negative"));
  wrong.replace(wrong.find("\"-1\""), 4, "\"'x'\"");
  CHECK_THROWS_WITH(run_file(wrong), Contains("do not fit"));
  CHECK_THAT(cluster_folder{with("call: add", "call: ad")}.problems(),
             Contains("did you mean \"add\"?"));
  CHECK_THAT(cluster_folder{with("INTO", "none")}.problems(), Contains("no field \"none\""));
}
