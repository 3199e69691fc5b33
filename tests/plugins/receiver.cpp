// A node with an effect on the world outside: a file for each idempotency key, with a line for each
// time that it happened.
#include "mcp/plugin.hpp"

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace receiver {

struct options {
  std::string folder{};
};
MCP_STRUCT(options, folder)

/// Keeps lines, each in the order in which it came.
struct ledger {
  std::vector<std::string> lines{};
};
MCP_STATE(ledger, lines)
struct enter {
  std::string line{};  ///< empty: none
};
MCP_STRUCT(enter, line)

auto ledger_type() {
  return mcp::agent<ledger>("ledger").on([](ledger& l, const enter& m) {
    if (!m.line.empty()) l.lines.push_back(m.line);
    return l.lines;
  });
}

void offer(mcp::plugin& to) {
  to.agent("Keeps lines.", ledger_type());
  to.node("deliver", "Delivers what a send brings, once.",
          [](const options& given, const mcp::plugin_request& request) {
            return [given, type = request.state](const nlohmann::json& item, mcp::context& ctx) {
              ctx.once("deliver", [&](const std::string& key) {
                auto name = key;
                std::replace(name.begin(), name.end(), '/', '-');
                std::ofstream{given.folder + '/' + name, std::ios::app} << getpid() << '\n';
              });
              return mcp::update<mcp::json_state>{type}.append("log", item);
            };
          });
}

}  // namespace receiver

MCP_PLUGIN("receiver", "1.0.0", "For tests of members that die.", receiver::offer)
