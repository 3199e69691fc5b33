#pragma once

#include "support/catch.hpp"

#include <exception>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

namespace mcp::test {

/// Runs `function` in a child process and returns its exit code: what the function returns, 99 for
/// an exception, -1 when a signal ended it.
inline int in_child(const std::function<int()>& function) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int code = 99;
    try {
      code = function();
    } catch (const std::exception&) {
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace mcp::test
