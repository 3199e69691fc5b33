// expect: a router returns the name of a node
// A router that returns a number.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void build() {
  mcp::graph<state>("g").router("step", [](const state& s) { return s.count; });
}
