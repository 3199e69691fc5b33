// expect: a lambda not mutable
// A node that cannot be called by two runs at once.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void build() {
  mcp::graph<state>("g").node("step", [n = 0](state s) mutable {
    s.count = ++n;
    return s;
  });
}
