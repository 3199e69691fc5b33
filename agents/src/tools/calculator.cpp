#include "mcp/agents/builtin_tools.hpp"
#include "tools/expression.hpp"

namespace mcp {
namespace tools {
namespace {

struct calculation {
  std::string expression{};
};
MCP_STRUCT(calculation,
           (expression, mcp::doc("arithmetic: + - * / % ^ ( ), pi, e, sqrt abs round floor ceil "
                                 "exp ln log10 sin cos tan; for example 2*(3+4)^2")))

}  // namespace
}  // namespace tools

std::shared_ptr<tool> calculator_tool() {
  return make_tool(
      "calculator", "Computes the value of an arithmetic expression.",
      [](const tools::calculation& c) { return tools::number_text(tools::evaluate(c.expression)); },
      {.tell_model = true});
}

}  // namespace mcp
