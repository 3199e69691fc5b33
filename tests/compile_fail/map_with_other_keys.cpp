// expect: a map whose keys are no strings
// A map whose keys JSON cannot hold, in a struct of the state.
#include "mcp/graph.hpp"

struct part {
  std::map<int, std::string> names{};
};
MCP_STRUCT(part, names)
struct state {
  part inside{};
};
MCP_STATE(state, inside)

void build() {
  mcp::graph<state>("g");
}
