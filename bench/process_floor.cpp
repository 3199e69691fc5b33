#include "floors.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bench {
namespace {

// The read end of a pipe whose other end is the standard output of a new process.
class child {
 public:
  explicit child(const std::string& argument) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    output_ = ends[0];
    std::string program = "/proc/self/exe", option = argument;
    std::array<char*, 3> arguments{program.data(), option.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int code =
        posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (code == 0) return;
    close(output_);
    throw std::runtime_error("cannot start this program again");
  }

  ~child() {
    close(output_);
    waitpid(process_, nullptr, 0);
  }

  child(const child&) = delete;
  child& operator=(const child&) = delete;

  // The first output: what was written at once.
  std::string first_output() {
    std::array<char, 64> text{};
    const ssize_t length = read(output_, text.data(), text.size());
    if (length <= 0) throw std::runtime_error("the program ended without a result");
    return {text.data(), static_cast<std::size_t>(length)};
  }

 private:
  int output_ = -1;
  pid_t process_ = 0;
};

}  // namespace

process_cost start_process(const std::string& argument) {
  using clock = std::chrono::steady_clock;
  const clock::time_point start = clock::now();
  child started(argument);
  const std::string output = started.first_output();
  const std::chrono::duration<double, std::milli> took = clock::now() - start;
  return {took.count(), std::strtod(output.c_str(), nullptr)};
}

// Not getrusage: its maximum may be that of the process that started this one.
void print_resident() {
  constexpr const char* key = "VmHWM:";
  double kibibytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) kibibytes = std::strtod(line.c_str() + std::strlen(key), nullptr);
  }
  std::printf("%.3f\n", kibibytes / 1024);
  std::fflush(stdout);
}

}  // namespace bench
