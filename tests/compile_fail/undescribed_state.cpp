// expect: describe the state with MCP_STATE
// A graph over a struct without MCP_STATE.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};

void build() {
  mcp::graph<state> graph("g");
}
