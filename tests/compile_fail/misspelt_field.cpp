// expect: cuont
// A field of MCP_STATE that the struct does not have.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, cuont)
