// The right program that the others are wrong variations of: it must compile.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
  std::vector<std::string> log{};
};
MCP_STATE(state, count, (log, mcp::append))

mcp::update<state> step(const state& s) {
  return mcp::update<state>{}.set(&state::count, s.count + 1).append(&state::log, "step");
}

std::shared_ptr<const mcp::graph_plan> build() {
  return mcp::graph<state>("g").node("step", step).entry_point("step").compile().plan();
}
