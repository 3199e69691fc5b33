// expect: no auto, no overloads
// A node whose argument types cannot be read.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void build() {
  mcp::graph<state>("g").node("step", [](const auto& s) { return s; });
}
