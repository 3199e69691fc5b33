// expect: a node is f(State), f(State, mcp::context&)
// A node with more arguments than any form has.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void step(const state&, mcp::context&, mcp::reply<state>, int) {}

void build() {
  mcp::graph<state>("g").node("step", step);
}
