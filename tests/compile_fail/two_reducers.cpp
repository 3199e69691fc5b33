// expect: a field has one reducer
// A field with two reducers.
#include "mcp/graph.hpp"

struct state {
  std::vector<int> list{};
};
MCP_STATE(state, (list, mcp::append, mcp::any_value))
