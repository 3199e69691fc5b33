#include "mcp/agents/tool_node.hpp"
#include "runtime/cluster_system_support.hpp"

#include <sstream>

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("A Lua node writes the fields of the table it returns") {
  const auto state = run_file(R"(
state: {question: string, notes: list, count: {type: integer, reducer: sum}}
nodes:
  plan:
    lua: |
      return {notes = {"planned " .. state.question, "twice"}, count = 2}
  more: {lua: "return {count = 3, notes = list{}}", blocking: true}
  none: {lua: "local x = 1"}
edges: [start -> plan -> more -> none -> END]
)",
                              {{"question", "tea"}});
  CHECK(state["notes"] == json{"planned tea", "twice"});
  CHECK(state["count"] == 5);
}

TEST_CASE("A script's error fails the node with file and line") {
  const std::string text = R"(state: {a: string}
nodes:
  bad:
    lua: |
      local x = 1
      return {a = x.y.z}
edges: [start -> bad -> END]
)";
  CHECK_THROWS_WITH(run_file(text), Contains("team.yaml:6: "));
  CHECK_THROWS_WITH(run_file("state: {a: string}\nnodes: {bad: {lua: 'return {b = 1}'}}\n"
                             "edges: [start -> bad -> END]\n"),
                    Contains("no field \"b\""));
}

TEST_CASE("A scripted model calls a tool in Lua and answers with its result") {
  const auto state = run_file(R"(
state: {question: string, answer: string, messages: messages}
models:
  main:
    provider: scripted
    rules:
      - {role: tool, text: "it says {{ text }}"}
      - {contains: loud, tool_calls: [{name: shout, arguments: {text: hey}}]}
tools:
  shout:
    description: Says it loudly.
    parameters: {type: object, properties: {text: {type: string}}, required: [text]}
    lua: return string.upper(args.text)
nodes:
  think: {model: main, prompt: "{{ state.question }}", tools: [shout], output: answer}
  tools: {run_tools: [shout]}
edges:
  - start -> think
  - {from: think, tools: tools, otherwise: END}
  - tools -> think
)",
                              {{"question", "be loud"}});
  CHECK(state["answer"] == "it says HEY");
  REQUIRE(state["messages"].size() == 4);
  CHECK(state["messages"][0]["content"] == "be loud");
  CHECK(state["messages"][2]["role"] == "tool");
}

TEST_CASE("A tool with approval waits for a person, who may edit the call") {
  const cluster_folder folder{R"(
state: {messages: messages}
models:
  main:
    provider: scripted
    rules:
      - {role: tool, text: done}
      - {tool_calls: [{name: pay, arguments: {amount: 5}}]}
tools:
  pay:
    description: Pays.
    parameters: {type: object, properties: {amount: {type: integer}}, required: [amount]}
    approval: {lua: return args.amount > 3}
    lua: return "paid " .. args.amount
nodes:
  think: {model: main, prompt: pay, tools: [pay]}
  tools: {run_tools: [pay]}
edges:
  - start -> think
  - {from: think, tools: tools}
  - tools -> think
store: {sqlite: team.db}
)"};
  {
    const auto system = folder.load();
    auto options = system->default_run_options();
    options.thread_id = "t";
    const auto waiting = system->executor().run_to_result(json_state{system->type()}, options);
    REQUIRE(waiting.status() == run_status::interrupted);
    CHECK_THAT(waiting.interrupts().front().question, Contains("pay"));
  }
  const auto system = folder.load();
  const auto ended = system->executor()
                         .resume("t", answers::only(tool_answer{.type = tool_decision::edit,
                                                                .arguments = R"({"amount": 7})"}))
                         .join();
  ended.check();
  const auto messages = ended.state().messages("messages");
  REQUIRE(messages.size() == 4);
  CHECK(messages[2].content == "paid 7");
}

TEST_CASE("A node that asks waits for an answer of its field's type") {
  const cluster_folder folder{R"(
state: {answer: string, approved: boolean, log: list}
nodes:
  approve: {ask: "Publish {{ state.answer }}?", into: approved}
  publish: {lua: "return {log = {'published'}}"}
edges:
  - start -> approve
  - {from: approve, lua: "if state.approved then return 'publish' end return END",
     to: [publish, END]}
  - publish -> END
)"};
  const auto system = folder.load();
  auto options = system->default_run_options();
  options.thread_id = "t";
  auto& executor = system->executor();
  const auto waiting =
      executor.run_to_result(json_state{system->type(), {{"answer", "42"}}}, options);
  REQUIRE(waiting.interrupts().size() == 1);
  CHECK(waiting.interrupts().front().question == "\"Publish 42?\"");
  CHECK(json::parse(waiting.interrupts().front().schema)["type"] == "boolean");
  CHECK_THROWS_AS(executor.resume("t", answers::only(std::string{"yes"})).join().check(), error);
  const auto ended = executor.resume("t", answers::only(true)).join();
  ended.check();
  CHECK(ended.state().at("log") == json{"published"});
}

TEST_CASE("A subgraph maps its fields, shares them, or is started by a send") {
  const auto state = run_file(R"(
state: {topic: string, log: list}
graphs:
  mapped:
    state: {input: string, result: list}
    nodes: {work: {lua: "return {result = {state.input .. '!'}}"}}
    edges: [start -> work -> END]
  shared:
    state: {log: list, own: integer}
    nodes: {work: {lua: "return {log = {'shared'}, own = 1}"}}
    edges: [start -> work -> END]
  part:
    state: {n: integer, log: list}
    nodes: {work: {lua: "return {log = {'part ' .. state.n}}"}}
    edges: [start -> work -> END]
nodes:
  one: {graph: mapped, in: {input: topic}, out: {result: log}}
  two: {graph: shared}
  three: {graph: part}
edges:
  - start -> one -> two
  - from: two
    lua: return {{send = "three", input = {n = 1}}, {send = "three", input = {n = 2}}}
    to: [three]
  - three -> END
)",
                              {{"topic", "tea"}});
  CHECK(state["log"] == json{"tea!", "shared", "part 1", "part 2"});
}

TEST_CASE("A node fans out by sends, and a join waits for its sources") {
  const auto state = run_file(R"(
state: {items: list, squares: list, ends: list}
nodes:
  split: {lua: "return {items = {1, 2, 3}}"}
  square: {lua: "return {squares = {input * input}}", input: send}
  left: {lua: "return {}"}
  right: {lua: "return {go_to = 'extra'}", destinations: [extra]}
  extra: {lua: "return {ends = {'extra'}}"}
  finish: {lua: "return {ends = {'joined'}}"}
edges:
  - start -> split
  - from: split
    lua: |
      local sends = {}
      for _, n in ipairs(state.items) do sends[#sends + 1] = {send = "square", input = n} end
      return sends
    to: [square]
  - {from: start, to: [left, right]}
  - {join: [left, right], to: finish}
  - square -> END
  - extra -> END
  - finish -> END
)");
  CHECK(state["squares"] == json{1, 4, 9});
  CHECK(state["ends"].size() == 2);
}

TEST_CASE("An edge map routes all nodes without edges of their own") {
  const auto state = run_file(R"(
state: {n: {type: integer, reducer: sum}}
nodes:
  add: {lua: "return {n = 1}"}
edges: [start -> add]
edge_map: {lua: "if state.n < 4 then return 'add' end return END", to: [add, END]}
)");
  CHECK(state["n"] == 4);
}

TEST_CASE("A router that returns no place fails the run with what it may return") {
  CHECK_THROWS_WITH(run_file(R"(
state: {n: integer}
nodes: {a: {lua: "return {}"}}
edges: [start -> a, {from: a, lua: "local x = 1", to: [END]}]
)"),
                    Contains("returned nothing"));
}

TEST_CASE("A model answers JSON by a schema, through its fallback, within a budget") {
  const std::string text = R"(
state: {plan: any}
models:
  broken: {provider: scripted, rules: [{contains: nothing-like-it, text: x}], fallbacks: [main]}
  main: {provider: scripted, rules: [{text: '{"steps": ["a"]}'}], price: {input: 1, output: 1}}
nodes:
  plan:
    model: broken
    prompt: Make a plan.
    output: plan
    output_schema: {type: object, properties: {steps: {type: array}}, required: [steps]}
edges: [start -> plan -> END]
)";
  CHECK(run_file(text)["plan"] == json{{"steps", {"a"}}});
  CHECK_THROWS_WITH(run_file(text + "limits: {budget: {tokens: 10}}\n"),
                    Contains("budget_exceeded"));
}

TEST_CASE("Policies of nodes count: retries, a fallback that sees the failure") {
  const auto state = run_file(R"file(
state: {log: list}
nodes:
  shaky:
    lua: if attempt < 2 then error("not yet") end return {log = {"attempt " .. attempt}}
    retry: {max_attempts: 3, initial_interval: 0ms, jitter: false}
  bad: {lua: "error('always')", fallback: rescue}
  rescue: {lua: "return {log = {failure:match('always')}}"}
edges: [start -> shaky -> bad -> END]
)file");
  CHECK(state["log"] == json{"attempt 2", "always"});
}

TEST_CASE("Scripts lead where the file says that they may, and to nothing with an empty list") {
  const auto file = [](const std::string& node, const std::string& edges) {
    return "name: ways\nstate: {log: list}\nnodes:\n  a: " + node +
           "\n  b: {lua: \"return {log = {'b'}}\"}\n  c: {lua: \"return {log = {'c'}}\"}\n"
           "edges:\n" +
           edges + "  - b -> END\n  - c -> END\n  - start -> a\n";
  };
  const std::string plain = "{lua: \"return {log = {'a'}}\"}";
  CHECK_THROWS_WITH(
      run_file(file(plain, "  - {from: a, lua: \"return 'c'\", to: [b, END]}\n  - b -> c\n")),
      Contains("it leads to \"c\", and the file says that it leads to b, END"));
  CHECK_THROWS_WITH(
      run_file(file("{lua: \"return {go_to = 'c'}\", destinations: [b]}", "  - b -> c\n")),
      Contains("it leads to \"c\", and the file says that it leads to b"));
  CHECK(run_file(file(plain, "  - {from: a, lua: \"return 'b'\", to: [b, c, END]}\n"))["log"] ==
        json{"a", "b"});
  CHECK(run_file(file(plain, "  - {from: a, lua: \"return {}\", to: [b, c, END]}\n"))["log"] ==
        json{"a"});
}

TEST_CASE("A default has to fit its field") {
  const cluster_folder folder{
      "name: d\nstate: {d: {type: integer, default: x}, e: {enum: [a, b], default: c}, "
      "f: {type: array, items: {type: string}, default: [1]}, g: {type: string, default: ok}}\n"
      "nodes: {n: {lua: 'return {}'}}\nedges: [start -> n -> END]\n"};
  const auto found = folder.problems();
  for (const auto* field : {"\"d\": its default", "\"e\": its default", "\"f\": its default"}) {
    CHECK_THAT(found, Contains(field));
  }
  CHECK_THAT(found, !Contains("\"g\""));
}

TEST_CASE("A system says what it is") {
  const cluster_folder folder{
      "name: small\ndescription: Says hi.\nstate: {a: string, b: {type: integer, visibility: "
      "output}}\nnodes: {n: {lua: 'return {b = 1}'}}\nedges: [start -> n -> END]\n"
      "limits: {recursion_limit: 50, deadline: 10m, budget: {tokens: 100, cost: 0.5}}\n"};
  const auto system = folder.load();
  CHECK(system->name() == "small");
  CHECK(system->description() == "Says hi.");
  CHECK(system->content_hash().size() == 64);
  CHECK(system->input_schema()["properties"].contains("a"));
  CHECK_FALSE(system->input_schema()["properties"].contains("b"));
  const auto options = system->default_run_options();
  CHECK(options.recursion_limit == 50);
  CHECK(options.deadline == std::chrono::minutes{10});
  CHECK(options.budget.counters.at("tokens") == 100);
  CHECK(options.budget.counters.at("cost_micros") == 500'000);
  CHECK(system->store() == "memory");
  CHECK_THAT(system->graph().draw(drawing::mermaid), Contains("n"));
}

namespace {

/// The first block of YAML in the page about cluster files.
std::string documented_file() {
  std::ifstream page{std::string{MCP_TEST_SOURCE_DIR} + "/docs/cluster-files.md"};
  std::stringstream text;
  text << page.rdbuf();
  const auto all = text.str();
  const std::string opening = "```yaml\n";
  const auto start = all.find(opening) + opening.size();
  return all.substr(start, all.find("```", start) - start);
}

}  // namespace

TEST_CASE("The file of the documentation loads and runs offline") {
  const cluster_folder folder{documented_file()};
  std::filesystem::create_directory(folder.path("docs"));
  CHECK(folder.problems({.offline = true}) == "");
  const auto system = folder.load({.offline = true});
  auto options = system->default_run_options();
  options.thread_id = "t";
  auto& executor = system->executor();
  const auto waiting = executor.run_to_result(
      json_state{system->type(), {{"question", "What is a fork?"}}}, options);
  REQUIRE(waiting.status() == run_status::interrupted);
  CHECK_THAT(waiting.interrupts().front().question, Contains("Publish this?"));
  const auto ended = executor.resume("t", answers::only(true)).join();
  ended.check();
  CHECK_THAT(ended.state().at("answer").get<std::string>(), Contains("fork"));
  CHECK(ended.state().at("notes") == json{"planned What is a fork?"});
}
