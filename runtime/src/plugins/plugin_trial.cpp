#include "plugins/plugin_trial.hpp"

#include "plugins/loaded_plugin.hpp"
#include "plugins/plugin_rules.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

using clock = std::chrono::steady_clock;

constexpr int answer_descriptor = 3;
constexpr std::size_t most_printed = 2'000;
constexpr std::size_t most_answered = 64 * 1024;
constexpr std::string_view fine = "fine";

/// A pipe whose ends are closed with it, and by programs that are started.
class pipe_ends {
 public:
  pipe_ends() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw error{errc::connection_failed, std::string{"no pipe: "} + std::strerror(errno)};
    }
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    ::close(ends_[0]);
    close_write();
  }
  [[nodiscard]] int read() const noexcept { return ends_[0]; }
  [[nodiscard]] int write() const noexcept { return ends_[1]; }
  void close_write() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// The process that tries a plugin; killed with all it started, if it still runs.
class trial_process {
 public:
  trial_process(const std::string& program, const std::string& file, int answer, int printed) {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, printed, STDERR_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, answer, answer_descriptor);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::array<std::string, 4> words{program, "plugin", "trial", file};
    std::array<char*, 5> arguments{};
    std::transform(words.begin(), words.end(), arguments.begin(),
                   [](std::string& word) { return word.data(); });
    const int failed = ::posix_spawn(&process_, program.c_str(), &files, &attributes,
                                     arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
      throw error{errc::connection_failed, "a process that tries the plugin cannot be started: " +
                                               std::string{std::strerror(failed)}};
    }
  }
  trial_process(const trial_process&) = delete;
  trial_process& operator=(const trial_process&) = delete;
  ~trial_process() { static_cast<void>(end()); }

  /// Kills what is left of it; how it ended.
  int end() {
    if (process_ > 0) {
      ::kill(-process_, SIGKILL);
      while (::waitpid(process_, &status_, 0) < 0 && errno == EINTR) {
      }
      process_ = -1;
    }
    return status_;
  }
  /// Waits for its end, until `until`; false: it still runs.
  bool wait_until(clock::time_point until) {
    constexpr int pause_ms = 1;
    for (;;) {
      siginfo_t ended{};
      ended.si_pid = 0;
      const int failed = ::waitid(P_PID, static_cast<id_t>(process_), &ended,
                                  WEXITED | WNOHANG | WNOWAIT);
      if (failed == 0 && ended.si_pid == process_) return true;
      if (clock::now() >= until) return false;
      ::poll(nullptr, 0, pause_ms);
    }
  }

 private:
  pid_t process_ = -1;
  int status_ = 0;
};

/// What was read from one pipe: its end, or its beginning, if it is long.
struct heard {
  int from = -1;  ///< negative: it is closed
  bool keep_end = false;
  std::size_t most = 0;
  std::string text{};

  void read() {
    std::array<char, 4096> buffer{};
    const auto count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) {
      from = -1;
      return;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() <= most) return;
    if (keep_end) {
      text.erase(0, text.size() - most);
    } else {
      text.resize(most);
    }
  }
};

/// Reads both until they are closed; false: that had not happened in time.
bool hear(heard& answer, heard& printed, clock::time_point until) {
  while (answer.from >= 0 || printed.from >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> ends{pollfd{answer.from, POLLIN, 0}, pollfd{printed.from, POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), static_cast<int>(left)) < 0 && errno != EINTR) return false;
    if (ends[0].revents != 0) answer.read();
    if (ends[1].revents != 0) printed.read();
  }
  return true;
}

std::string with_printed(std::string why, std::string_view printed) {
  std::string shown;
  for (const char c : printed) {
    const bool plain = (c >= ' ' && c <= '~') || (c & 0x80) != 0;
    shown += plain ? c : ' ';
  }
  while (!shown.empty() && shown.back() == ' ') shown.pop_back();
  if (!shown.empty()) why += "; it printed: " + shown;
  return why;
}

std::string reason_of(int status, bool answered) {
  const std::string when = answered ? " when the program ended" : " while it was loaded";
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "it crashed" + when + " (signal " + std::to_string(signal) + ", " +
           ::strsignal(signal) + ")";
  }
  return "it ended the process" + when + " with code " + std::to_string(WEXITSTATUS(status));
}

void answer_with(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(answer_descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

void try_plugin(const std::string& file, const trial_options& how) {
  pipe_ends answers;
  pipe_ends prints;
  trial_process process{how.program, file, answers.write(), prints.write()};
  answers.close_write();
  prints.close_write();
  const auto until = clock::now() + how.patience;
  heard answer{answers.read(), false, most_answered, {}};
  heard printed{prints.read(), true, most_printed, {}};
  const bool ended = hear(answer, printed, until) && process.wait_until(until);
  const int status = process.end();
  const bool good = answer.text == fine;
  if (!ended) {
    refuse_plugin(with_printed("it did not finish loading within " +
                            std::to_string(how.patience.count()) + " ms",
                        printed.text));
  }
  if (good && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (!good && !answer.text.empty()) refuse_plugin(answer.text);
  refuse_plugin(with_printed(reason_of(status, good), printed.text));
}

int answer_trial(const std::string& file) {
  if (::fcntl(answer_descriptor, F_GETFD) < 0) return 2;  // nobody listens: started by hand
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::fcntl(answer_descriptor, F_SETFD, FD_CLOEXEC);
  try {
    static_cast<void>(open_plugin(file));
    answer_with(fine);
    return 0;
  } catch (const error& what) {
    answer_with(what.message());
    return 3;
  }
}

}  // namespace mcp::cluster
