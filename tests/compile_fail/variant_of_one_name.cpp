// expect: two alternatives of a variant have one name in JSON
// A variant of two structs that differ in their namespace alone.
#include "mcp/graph.hpp"

namespace a {
struct item {
  int x = 0;
};
MCP_STRUCT(item, x)
}  // namespace a
namespace b {
struct item {
  int x = 0;
};
MCP_STRUCT(item, x)
}  // namespace b

struct state {
  std::variant<a::item, b::item> one{};
};
MCP_STATE(state, one)

void build() {
  mcp::graph<state>("g");
}
