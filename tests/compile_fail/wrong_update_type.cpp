// expect: set
// expect: std::vector
// An update that sets a list to a number in quotes.
#include "mcp/graph.hpp"

struct state {
  std::vector<int> list{};
};
MCP_STATE(state, (list, mcp::append))

mcp::update<state> step(const state&) {
  return mcp::update<state>{}.set(&state::list, "12");
}
