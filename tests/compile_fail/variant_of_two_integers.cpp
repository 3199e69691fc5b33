// expect: two alternatives of a variant have one name in JSON
// A variant of two types that are both called "integer".
#include "mcp/graph.hpp"

#include <variant>

struct state {
  std::variant<int, std::int64_t> number{};
};
MCP_STATE(state, number)

std::string build() {
  return mcp::to_json(state{});
}
