// A library that is wrong before anybody asks what it offers, in a way that the build says:
// BROKEN_<way>.
#include "mcp/plugin_manifest.hpp"

#include <csignal>
#include <stdexcept>

#if defined BROKEN_undefined
void nobody_has_this();
#endif

namespace {

#if defined BROKEN_constructor
const int made = [] {
  throw std::runtime_error{"no luck today"};
  return 1;
}();
#elif defined BROKEN_destructor
struct last {
  ~last() { std::raise(SIGSEGV); }
} made;
#endif

[[maybe_unused]] void offer(mcp::plugin&) {
#if defined BROKEN_undefined
  nobody_has_this();
#endif
}

}  // namespace

#if defined BROKEN_abi
extern "C" __attribute__((visibility("default"))) const mcp::plugin_manifest mcp_plugin_manifest;
const mcp::plugin_manifest mcp_plugin_manifest = {"FASTMCP", mcp::plugin_abi + 1, nullptr,
                                                  nullptr,   nullptr,             offer};
#elif defined BROKEN_magic
extern "C" __attribute__((visibility("default"))) const char mcp_plugin_manifest[64];
const char mcp_plugin_manifest[64] = "something else";
#elif defined BROKEN_no_manifest
extern "C" __attribute__((visibility("default"))) int start();
int start() {
  return 1;
}
#elif defined BROKEN_version
MCP_PLUGIN("broken", "newest", "", offer)
#elif defined BROKEN_name
MCP_PLUGIN("a broken one", "1.0.0", "", offer)
#else
MCP_PLUGIN("broken", "1.0.0", "", offer)
#endif
