#include "mcp_client/child_process.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mcp::protocol {
namespace {

error system_failure(const std::string& what, int code, errc kind = errc::connection_failed) {
  return error{kind, what + ": " + std::system_category().message(code)};
}

/// Whether the program cannot be started however often it is tried.
bool is_for_good(int code) {
  return code == ENOENT || code == EACCES || code == ENOTDIR || code == ENOEXEC || code == ELOOP ||
         code == ENAMETOOLONG;
}

struct pipe_ends {
  owned_fd read{};
  owned_fd write{};
  pipe_ends() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_failure("no pipe for a server", errno);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

/// The file to run: found before the fork, after which nothing may allocate.
std::string found_program(const std::string& command) {
  if (command.find('/') != std::string::npos) return command;
  const char* path = std::getenv("PATH");
  std::string_view left = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!left.empty()) {
    const auto end = std::min(left.find(':'), left.size());
    auto candidate = std::string{left.substr(0, end)} + "/" + command;
    if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  throw error{errc::invalid_argument, "there is no program \"" + command + "\" in PATH"};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Moved to a place of its own by dup2; the lowest numbers may be among the pipes' own.
bool place(int from, int to) {
  return from == to ? ::fcntl(to, F_SETFD, 0) == 0 : ::dup2(from, to) == to;
}

bool limit(__rlimit_resource what, std::uint64_t most) {
  if (most == 0) return true;
  const rlimit value{most, most};
  return ::setrlimit(what, &value) == 0;
}

struct image {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* folder;
  int in, out, err, report;
  pid_t parent;
};

/// In the child: only calls that are safe after a fork.
[[noreturn]] void become(const image& what, const child_options& options) {
  constexpr int failed = 127;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  // A host that is killed leaves no servers behind.
  const bool fine = ::setpgid(0, 0) == 0 && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                    ::getppid() == what.parent && place(what.in, STDIN_FILENO) &&
                    place(what.out, STDOUT_FILENO) && place(what.err, STDERR_FILENO) &&
                    (*what.folder == '\0' || ::chdir(what.folder) == 0) &&
                    limit(RLIMIT_NOFILE, options.max_open_files) &&
                    limit(RLIMIT_AS, options.max_memory_bytes);
  if (fine) ::execve(what.program, what.arguments, what.environment);
  const int code = errno;
  static_cast<void>(!::write(what.report, &code, sizeof code));
  ::_exit(failed);
}

/// Above the standard descriptors, so that `place` overwrites none of ours.
int above_standard(int fd) {
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) throw system_failure("no file descriptor for a server", errno);
  return moved;
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

void owned_fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

child_process::child_process(const child_options& options) {
  const auto program = found_program(options.command);
  pipe_ends in;
  pipe_ends out;
  pipe_ends err;
  start(options, program, in.read.get(), out.write.get(), err.write.get());
  in_.reset(above_standard(in.write.get()));
  out_.reset(above_standard(out.read.get()));
  err_.reset(above_standard(err.read.get()));
  for (const int fd : {in_.get(), out_.get(), err_.get()}) set_nonblocking(fd);
}

void child_process::start(const child_options& options, const std::string& program, int in, int out,
                          int err) {
  std::vector<std::string> words{options.command};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  auto variables = options.environment;
  const auto arguments = pointers(words);
  const auto environment = pointers(variables);
  pipe_ends report;
  const owned_fd child_in{above_standard(in)};
  const owned_fd child_out{above_standard(out)};
  const owned_fd child_err{above_standard(err)};
  owned_fd child_report{above_standard(report.write.get())};
  const image what{
      program.c_str(), arguments.data(), environment.data(), options.working_folder.c_str(),
      child_in.get(),  child_out.get(),  child_err.get(),    child_report.get(),
      ::getpid()};
  id_ = ::fork();
  if (id_ < 0) throw system_failure("the server cannot be started", errno);
  if (id_ == 0) become(what, options);
  life_.reset(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  report.write.reset();
  child_report.reset();
  int code = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.read.get(), &code, sizeof code);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof code)) {
    finish();
    const auto folder =
        options.working_folder.empty() ? "" : " in the folder \"" + options.working_folder + "\"";
    throw system_failure("\"" + options.command + "\" cannot be started" + folder, code,
                         is_for_good(code) ? errc::invalid_argument : errc::connection_failed);
  }
}

child_process::~child_process() {
  finish();
}

void child_process::signal(int number) const {
  if (id_ > 0) ::kill(-id_, number);
}

bool child_process::wait(std::chrono::milliseconds longest) {
  const auto last = std::chrono::steady_clock::now() + longest;
  std::array<char, 4096> dropped{};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(last - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 3> watched{
        {{life_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0) continue;
    if (watched[0].revents != 0) return true;
    if (watched[1].revents != 0 && ::read(out_.get(), dropped.data(), dropped.size()) == 0) {
      out_.reset();
    }
    if (watched[2].revents != 0 && ::read(err_.get(), dropped.data(), dropped.size()) == 0) {
      err_.reset();
    }
  }
}

std::string child_process::finish() {
  if (id_ <= 0) return {};
  // Before the exit status is taken: until then the group's number is nobody else's.
  ::kill(-id_, SIGKILL);
  ::kill(id_, SIGKILL);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
  return "ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace mcp::protocol
