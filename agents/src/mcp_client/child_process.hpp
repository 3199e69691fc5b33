#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace mcp::protocol {

/// What to start. The environment is exactly the one given.
struct child_options {
  std::string command{};  ///< a path, or a name to find in this process's PATH
  std::vector<std::string> arguments{};
  std::vector<std::string> environment{};  ///< NAME=value
  std::string working_folder{};            ///< empty: this process's
  std::uint64_t max_memory_bytes = 0;      ///< address space; 0: not limited
  std::uint64_t max_open_files = 0;        ///< 0: not limited
};

/// A file descriptor and its end.
class owned_fd {
 public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_(fd) {}
  owned_fd(const owned_fd&) = delete;
  owned_fd& operator=(const owned_fd&) = delete;
  ~owned_fd() { reset(); }
  void reset(int fd = -1);
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

/// A child process with pipes, which do not block, in a process group of its own. It dies with the
/// thread that made it, which uses it alone.
class child_process {
 public:
  /// Throws `connection_failed` with the system's reason.
  explicit child_process(const child_options& options);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  /// Kills what is left of the group and takes the exit status.
  ~child_process();

  void close_input() { in_.reset(); }
  [[nodiscard]] int input() const noexcept { return in_.get(); }
  [[nodiscard]] int output() const noexcept { return out_.get(); }
  [[nodiscard]] int errors() const noexcept { return err_.get(); }
  void close_errors() { err_.reset(); }
  /// Sends a signal to the group.
  void signal(int number) const;
  /// Waits for the end, throwing away what is written meanwhile. False: it lives on.
  [[nodiscard]] bool wait(std::chrono::milliseconds longest);
  /// Kills it, if need be. How it ended, for people.
  std::string finish();

 private:
  void start(const child_options& options, const std::string& program, int in, int out, int err);

  owned_fd in_;
  owned_fd out_;
  owned_fd err_;
  owned_fd life_;  ///< readable when the process has ended
  pid_t id_ = -1;
};

}  // namespace mcp::protocol
