#include "io/socket_watch.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace mcp::io {
namespace {

using std::chrono::milliseconds;

/// Events taken at once; what is left comes with the next turn.
constexpr std::size_t events_at_once = 256;

}  // namespace

socket_watch::socket_watch(CURLM* multi)
    : multi_(multi),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event wanted{.events = EPOLLIN, .data = {.fd = bell_}};
  if (poll_ < 0 || bell_ < 0 || ::epoll_ctl(poll_, EPOLL_CTL_ADD, bell_, &wanted) != 0) {
    if (poll_ >= 0) ::close(poll_);
    if (bell_ >= 0) ::close(bell_);
    throw error{errc::connection_failed,
                "no file is left to watch sockets with (RLIMIT_NOFILE: the process's open files)"};
  }
  const curl_socket_callback on_socket = [](CURL*, curl_socket_t socket, int what, void* owner,
                                            void*) {
    static_cast<socket_watch*>(owner)->watch(socket, what);
    return 0;
  };
  const curl_multi_timer_callback on_timer = [](CURLM*, long after, void* owner) {
    static_cast<socket_watch*>(owner)->set_timer(after);
    return 0;
  };
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
}

socket_watch::~socket_watch() {
  // libcurl still closes idle connections when the multi handle goes.
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, curl_socket_callback{nullptr});
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, curl_multi_timer_callback{nullptr});
  ::close(poll_);
  ::close(bell_);
}

void socket_watch::turn(milliseconds longest) {
  if (timer_) {
    const auto left = std::chrono::ceil<milliseconds>(*timer_ - std::chrono::steady_clock::now());
    longest = std::clamp(left, milliseconds{0}, longest);
  }
  std::array<epoll_event, events_at_once> events{};
  const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(longest.count()));
  for (int i = 0; i < count; ++i) {
    const auto& one = events[static_cast<std::size_t>(i)];
    if (one.data.fd == bell_) {
      eventfd_t rung = 0;
      static_cast<void>(::eventfd_read(bell_, &rung));
      continue;
    }
    int what = 0;
    if ((one.events & (EPOLLIN | EPOLLHUP)) != 0) what |= CURL_CSELECT_IN;
    if ((one.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((one.events & EPOLLERR) != 0) what |= CURL_CSELECT_ERR;
    act(one.data.fd, what);
  }
  if (timer_ && *timer_ <= std::chrono::steady_clock::now()) {
    timer_.reset();
    act(CURL_SOCKET_TIMEOUT, 0);
  }
}

void socket_watch::wake() const noexcept {
  static_cast<void>(::eventfd_write(bell_, 1));
}

void socket_watch::act(curl_socket_t socket, int what) const noexcept {
  int running = 0;
  curl_multi_socket_action(multi_, socket, what, &running);
}

void socket_watch::watch(curl_socket_t socket, int what) const noexcept {
  if (what == CURL_POLL_REMOVE) {
    static_cast<void>(::epoll_ctl(poll_, EPOLL_CTL_DEL, socket, nullptr));
    return;
  }
  epoll_event wanted{.events = 0, .data = {.fd = socket}};
  if ((what & CURL_POLL_IN) != 0) wanted.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) wanted.events |= EPOLLOUT;
  // A number may come back for another socket, so what is watched is asked of the system.
  if (::epoll_ctl(poll_, EPOLL_CTL_MOD, socket, &wanted) == 0 || errno != ENOENT) return;
  static_cast<void>(::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &wanted));
}

void socket_watch::set_timer(long after) noexcept {
  timer_.reset();
  if (after >= 0) timer_ = std::chrono::steady_clock::now() + milliseconds{after};
}

}  // namespace mcp::io
