#include "child_process.hpp"

#include <array>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bench {

child_process::child_process(std::vector<std::string> arguments) {
  std::array<int, 2> in{}, out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot make a pipe");
  }
  input_ = in[1];
  output_ = out[0];
  std::string program = "/proc/self/exe";
  std::vector<char*> words{program.data()};
  for (auto& one : arguments) words.push_back(one.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int code =
      posix_spawn(&process_, program.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (code == 0) return;
  close(input_);
  close(output_);
  throw std::runtime_error("cannot start this program again");
}

child_process::~child_process() {
  close(input_);
  close(output_);
  waitpid(process_, nullptr, 0);
}

std::string child_process::first_output() const {
  std::array<char, 64> text{};
  const ssize_t length = read(output_, text.data(), text.size());
  if (length <= 0) throw std::runtime_error("the program ended without a result");
  return {text.data(), static_cast<std::size_t>(length)};
}

void wait_for_end_of_input() {
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

}  // namespace bench
