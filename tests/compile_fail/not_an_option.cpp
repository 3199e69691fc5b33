// expect: an option of a field is a reducer, a visibility or mcp::doc
// A field with an option that is none.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, (count, "the number of steps"))
