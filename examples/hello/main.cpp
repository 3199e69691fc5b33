// The first program: a state, two nodes, and one function that says where to go.
//
//   start --> llm_node --> tool_call --> end

#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <mcp/mcp.hpp>

std::string weather(const std::string& question) {
  return question.find("NYC") != std::string::npos ? "sunny, 21 degrees" : "unknown";
}

// g++ with -Wextra would have every member named where a state is written down.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct State {  // single source of truth, plain aggregate
  std::string user_input;
  std::vector<std::string> history;
  std::optional<std::string> llm_output;
  std::optional<std::string> tool_output;
};
MCP_STATE(State, user_input, history, llm_output, tool_output)

State llm_node(State s) {
  s.llm_output = "look up the weather";
  return s;
}
State tool_node(State s) {
  s.tool_output = weather(s.user_input);
  return s;
}

std::string edge_map(const State& s) {  // transition logic, one function
  if (s.llm_output && !s.tool_output) return "tool_call";
  return mcp::end;
}

int main() {
  auto graph = mcp::graph<State>("weather")
                   .node("llm_node", llm_node)
                   .node("tool_call", tool_node)
                   .edges(edge_map)
                   .entry_point("llm_node");
  mcp::executor executor{graph};
  State final_state = executor.run({.user_input = "What's the weather in NYC?"});
  std::cout << mcp::to_json(final_state) << '\n';
}
