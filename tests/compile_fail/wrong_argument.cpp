// expect: a node takes its State, or the described input of a send
// A node whose argument is neither the state nor something a send could bring.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)
struct opaque {
  int value = 0;
};

void step(const opaque&) {}

void build() {
  mcp::graph<state>("g").node("step", step);
}
