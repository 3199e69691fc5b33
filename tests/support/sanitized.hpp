#pragma once

namespace mcp::test {

/// Whether this is a build with a sanitizer, in which everything takes many times as long. What is
/// tried at each of many points in the other build is tried at some of them in this one.
#ifdef MCP_TEST_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace mcp::test
