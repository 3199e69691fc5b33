#include "cli/stop_signals.hpp"

#include "cli/exit_codes.hpp"
#include "mcp/error.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

/// Where the handler writes: a handler can reach nothing else. -1: nobody listens.
std::atomic<int> handler_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free);

constexpr std::uint64_t end_of_thread = std::uint64_t{1} << 32;

void add_to(int descriptor, std::uint64_t number) {
  [[maybe_unused]] const auto written = ::write(descriptor, &number, sizeof number);
}

extern "C" void mcp_cluster_on_signal(int) {
  const int before = errno;
  if (const int descriptor = handler_descriptor.load(); descriptor >= 0) add_to(descriptor, 1);
  errno = before;
}
extern "C" void mcp_cluster_on_pipe(int) {}

/// A handler rather than SIG_IGN: programs that we start get the default back.
void handle(int signal, void (*function)(int), struct sigaction* before) {
  struct sigaction action {};
  action.sa_handler = function;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, before);
}

constexpr std::array<int, 3> handled{SIGINT, SIGTERM, SIGPIPE};

}  // namespace

struct stop_signals::parts {
  int signalled = ::eventfd(0, EFD_CLOEXEC);
  int woken = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<int> count{0};
  std::mutex mutex{};
  std::function<void(int)> on_stop{};
  std::array<struct sigaction, handled.size()> before{};
  std::thread listener{};

  void listen() {
    for (;;) {
      std::uint64_t number = 0;
      if (::read(signalled, &number, sizeof number) < 0) {
        if (errno == EINTR) continue;
        return;
      }
      if (number >= end_of_thread) return;
      for (; number > 0; --number) stopped();
    }
  }

  void stopped() {
    const int now = ++count;
    if (now > 2) ::_exit(exit_interrupted);
    add_to(woken, 1);
    const std::lock_guard lock{mutex};
    if (on_stop) on_stop(now);
  }
};

stop_signals::stop_signals() : parts_(std::make_unique<parts>()) {
  if (parts_->signalled < 0 || parts_->woken < 0) {
    throw error{errc::overloaded, "the process has no file descriptors left"};
  }
  handler_descriptor.store(parts_->signalled);
  parts_->listener = std::thread{[this] { parts_->listen(); }};
  for (std::size_t i = 0; i < handled.size(); ++i) {
    handle(handled[i], handled[i] == SIGPIPE ? mcp_cluster_on_pipe : mcp_cluster_on_signal,
           &parts_->before[i]);
  }
}

stop_signals::~stop_signals() {
  for (std::size_t i = 0; i < handled.size(); ++i) {
    ::sigaction(handled[i], &parts_->before[i], nullptr);
  }
  handler_descriptor.store(-1);
  add_to(parts_->signalled, end_of_thread);
  parts_->listener.join();
  ::close(parts_->signalled);
  ::close(parts_->woken);
}

int stop_signals::count() const noexcept {
  return parts_->count.load();
}

void stop_signals::watch(std::function<void(int)> on_stop) {
  const std::lock_guard lock{parts_->mutex};
  parts_->on_stop = std::move(on_stop);
  if (parts_->on_stop && count() > 0) parts_->on_stop(count());
}

int stop_signals::wake_descriptor() const noexcept {
  return parts_->woken;
}

bool stop_signals::wait_for(std::chrono::milliseconds time) const {
  pollfd waited{.fd = parts_->woken, .events = POLLIN, .revents = 0};
  static_cast<void>(::poll(&waited, 1, static_cast<int>(time.count())));
  return count() > 0;
}

}  // namespace mcp::cluster
