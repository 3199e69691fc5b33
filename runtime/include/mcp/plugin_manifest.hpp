#pragma once

#include <cstdint>

namespace mcp {

/// What a plugin and its host must agree on: the layout of all public headers. Grows with every
/// minor version of the library, and with every change of a layout in between.
inline constexpr std::uint32_t plugin_abi = 1'004;

class plugin;

/// What a plugin is, found under the name `mcp_plugin_manifest`. Plain C: it is read before the two
/// sides are known to agree. The places of `magic` and `abi` never change.
struct plugin_manifest {
  char magic[8];
  std::uint32_t abi;
  const char* name;
  const char* version;
  const char* description;
  void (*offer)(plugin& to);
};

}  // namespace mcp

/// Makes the shared object a plugin: its name (1 to 64 letters, digits, '_' and '-'), its version
/// (like 1.2.3), what it is for, and a function `void f(mcp::plugin&)`. Once, at namespace scope.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): defines a symbol
#define MCP_PLUGIN(NAME, VERSION, DESCRIPTION, OFFER)                                            \
  extern "C" {                                                                                   \
  __attribute__((visibility("default"))) extern const mcp::plugin_manifest mcp_plugin_manifest;  \
  const mcp::plugin_manifest mcp_plugin_manifest = {"FASTMCP", mcp::plugin_abi, NAME,            \
                                                    VERSION,   DESCRIPTION,     OFFER};          \
  }
