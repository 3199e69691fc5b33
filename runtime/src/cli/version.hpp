#pragma once

namespace mcp::cluster {

/// The version of the program.
#ifdef MCP_VERSION
inline constexpr const char* program_version = MCP_VERSION;
#else
inline constexpr const char* program_version = "0.1.0";
#endif

}  // namespace mcp::cluster
