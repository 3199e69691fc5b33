// expect: a router takes const State&
// A router that changes itself.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void build() {
  mcp::graph<state>("g").router(
      "step", [n = 0](const state&) mutable { return ++n > 1 ? mcp::end : "step"; });
}
