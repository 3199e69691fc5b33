// expect: the update is for another state
// A node of one graph that returns the update of another graph's state.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)
struct other {
  int count = 0;
};
MCP_STATE(other, count)

mcp::update<other> step(const state&) {
  return {};
}

void build() {
  mcp::graph<state>("g").node("step", step);
}
