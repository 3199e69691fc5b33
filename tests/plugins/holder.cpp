// A node that takes as long as somebody outside wants, and does not hear of being stopped.
#include "mcp/plugin.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace holder {

struct options {
  std::string folder{};
};
MCP_STRUCT(options, folder)

/// Says that it is at work, and is until the file that is its gate is there.
mcp::update<mcp::json_state> hold(const options& given, const mcp::json_state& s) {
  const auto gate = given.folder + '/' + s.at("gate").get<std::string>();
  std::ofstream{gate + ".entered", std::ios::app} << getpid() << '\n';
  while (!std::ifstream{gate}.good()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return mcp::update<mcp::json_state>{s}.append("log", "held");
}

void offer(mcp::plugin& to) {
  to.node("hold", "Waits for a file.", [](const options& given, const mcp::plugin_request&) {
    return [given](const mcp::json_state& s) { return hold(given, s); };
  });
}

}  // namespace holder

MCP_PLUGIN("holder", "1.0.0", "For tests of servers that end.", holder::offer)
