#include "support/this_program.hpp"

#include "support/catch.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mcp::test {

int run_this_program(const std::string& tag, std::vector<std::string> variables,
                     const std::string& log) {
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  for (auto& one : variables) environment.push_back(one.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe";
  auto cases = tag;
  const std::array<char*, 3> arguments{program.data(), cases.data(), nullptr};
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
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return killed;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace mcp::test
