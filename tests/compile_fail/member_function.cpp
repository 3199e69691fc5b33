// expect: a node is no member function
// A node that is a member function.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

struct worker {
  state step(state s) { return s; }
};

void build() {
  mcp::graph<state>("g").node("step", &worker::step);
}
