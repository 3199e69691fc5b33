// expect: hold what cannot be copied in a std::shared_ptr
// A node that cannot be copied with its graph.
#include "mcp/graph.hpp"

#include <memory>

struct state {
  int count = 0;
};
MCP_STATE(state, count)

void build() {
  mcp::graph<state>("g").node("step", [held = std::make_unique<int>(1)](state s) {
    s.count = *held;
    return s;
  });
}
