// expect: state has a field that MCP_STATE does not name
// A field of a state that its description leaves out.
#include "mcp/graph.hpp"

struct state {
  int count = 0;
  std::optional<std::string> answer{};
};
MCP_STATE(state, count)
