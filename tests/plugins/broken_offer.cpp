// A plugin whose `offer` goes wrong in the way that the variable BROKEN names.
#include "mcp/plugin.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace {

auto do_nothing(const mcp::plugin_request&) {
  return [](const mcp::json_state&) {};
}

void offer(mcp::plugin& to) {
  const char* named = std::getenv("BROKEN");
  const std::string_view way = named == nullptr ? "" : named;
  if (way == "throws") throw std::runtime_error{"the shelf is empty"};
  if (way == "throws_number") throw 7;
  if (way == "crash") {
    std::fputs("about to fall\n", stderr);
    std::raise(SIGSEGV);
  }
  if (way == "abort") std::abort();
  if (way == "exit") std::_Exit(0);
  for (volatile bool on = way == "hang"; on;) {
  }
  if (way == "twice") to.node("one", "", do_nothing).node("one", "", do_nothing);
  if (way == "name") to.node("two words", "", do_nothing);
  if (way == "no_function") to.reducer("sum", "", nullptr);
  if (way == "agent") {
    to.agent("", mcp::agent_spec{.type = "idle", .state = &mcp::value_type_of<std::string>});
  }
}

}  // namespace

MCP_PLUGIN("broken", "1.0.0", "", offer)
