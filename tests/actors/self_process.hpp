#pragma once

#include "support/catch.hpp"

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mcp::test {

/// Runs this test program again, one hidden case of it, with more environment variables
/// ("NAME=value"); its output goes to the end of the file `log`. Returns its exit code: -1 when it
/// was killed by SIGKILL, 1 after any other signal.
inline int run_self(std::string test, std::vector<std::string> variables, const std::string& log) {
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  for (auto& one : variables) environment.push_back(one.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe";
  const std::array<char*, 3> arguments{program.data(), test.data(), nullptr};
  posix_spawn_file_actions_t actions;
  REQUIRE(::posix_spawn_file_actions_init(&actions) == 0);
  for (const int fd : {1, 2}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, log.c_str(), O_CREAT | O_APPEND | O_WRONLY,
                                       0600);
  }
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(),
                        environment.data()) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace mcp::test
