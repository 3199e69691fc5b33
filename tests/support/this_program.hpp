#pragma once

#include <string>
#include <vector>

namespace mcp::test {

/// What `run_this_program` returns for a process that died by SIGKILL.
inline constexpr int killed = -1;

/// Runs the cases `tag` of this test program in a process of its own, with `variables`
/// ("NAME=value") in its environment and its output added to the file `log`. Returns its exit code,
/// `killed`, or 1 for another signal.
[[nodiscard]] int run_this_program(const std::string& tag, std::vector<std::string> variables,
                                   const std::string& log);

}  // namespace mcp::test
