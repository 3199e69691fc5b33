// expect: a field has a type that JSON cannot hold: char
// A field of type char.
#include "mcp/graph.hpp"

struct state {
  char letter = 0;
};
MCP_STATE(state, letter)

void build() {
  mcp::graph<state>("g");
}
