#pragma once

namespace mcp::cluster {

/// The file of the program that runs.
inline constexpr const char* this_program = "/proc/self/exe";

}  // namespace mcp::cluster
