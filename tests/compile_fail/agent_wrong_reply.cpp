// expect: a handler returns what its message declares as reply
// A handler whose result is not the reply that the message declares.
#include "mcp/agent.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)
struct add {
  int by = 1;
  using reply = int;
};
MCP_STRUCT(add, by)

void build() {
  static_cast<void>(mcp::agent<state>("counter").on(
      [](state&, const add&) { return std::string{"three"}; }));
}
