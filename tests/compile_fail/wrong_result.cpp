// expect: a node returns its State, mcp::update<State>, mcp::command<State> or void
// A node that returns something the engine cannot merge.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

int step(const state& s) {
  return s.count;
}

void build() {
  mcp::graph<state>("g").node("step", step);
}
