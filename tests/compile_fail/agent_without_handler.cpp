// expect: the agent has no handler for this message
// A typed address sends a message that its agent does not handle.
#include "mcp/agent.hpp"

struct state {
  int count = 0;
};
MCP_STATE(state, count)
struct add {
  int by = 1;
};
MCP_STRUCT(add, by)
struct remove_all {
  int x = 0;
};
MCP_STRUCT(remove_all, x)

void send(mcp::agent_system& agents) {
  const auto type = mcp::agent<state>("counter").on([](state& s, const add& m) { s.count += m.by; });
  type.at(agents, "a").tell(remove_all{});
}
