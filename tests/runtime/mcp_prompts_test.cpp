#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;

TEST_CASE("A model is asked with the prompt of a server") {
  const auto file = [](const std::string& prompt, const std::string& more = {}) {
    return R"(state: {who: string, answer: string, messages: messages}
models:
  main: {provider: scripted, rules: [{lua: "return messages[1].content .. ' ' .. #messages"}]}
mcp_servers:
)" +
           std::string{"  h: {command: " MCP_TEST_BUILD_DIR
                       "/tests/hostile_mcp_server, args: [fine]}\n"} +
           "nodes:\n  think: {model: main, prompt_from: " + prompt + ", output: answer" + more +
           "}\nedges: [start -> think]\n";
  };
  const auto good = file("{server: h, name: greet, arguments: {who: state.who}}");
  const auto state = run_file(good, {{"who", "Ann"}});
  CHECK(state["answer"] == "Greet Ann 2");
  REQUIRE(state["messages"].size() == 3);
  CHECK(state["messages"][1]["role"] == "assistant");

  const auto wrong_at_start = [](const std::string& text) {
    const cluster_folder folder{text};
    return cluster::to_text(folder.load()->start_servers());
  };
  CHECK_THAT(
      wrong_at_start(file("{server: h, name: gret, arguments: {who: state.who}}")),
      Contains("team.yaml:7:") && Contains("offers no prompt \"gret\", did you mean \"greet\"?"));
  CHECK_THAT(wrong_at_start(file("{server: h, name: greet}")),
             Contains("needs the argument \"who\""));
  CHECK_THROWS_WITH(run_file(file("{server: h, name: bad}")), Contains("list of messages"));

  const auto problems = [&](const std::string& prompt, const std::string& more = {}) {
    return cluster_folder{file(prompt, more)}.problems();
  };
  CHECK_THAT(problems("{server: hh, name: greet}"), Contains("did you mean \"h\"?"));
  CHECK_THAT(problems("{servr: h, name: greet}"), Contains("did you mean \"server\"?"));
  CHECK_THAT(problems("{server: h}"), Contains("has no `name`"));
  CHECK_THAT(problems("{server: h, name: greet}", ", prompt: hi"), Contains("beside `prompt`"));
  CHECK_THAT(problems("{server: h, name: greet}", ", placement: workers"),
             Contains("cannot be placed: its prompt is of a server"));
}
