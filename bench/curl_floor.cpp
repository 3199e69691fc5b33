#include "curl_floor.hpp"

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace bench {

struct curl_floor::parts {
  CURLM* multi = curl_multi_init();
  int poll = ::epoll_create1(EPOLL_CLOEXEC);
  long timeout = -1;
  std::vector<CURL*> calls;
  int running = 0;
  std::size_t received = 0;

  parts() {
    if (multi == nullptr || poll < 0) throw std::runtime_error("libcurl cannot be used");
    const curl_socket_callback on_socket = [](CURL*, curl_socket_t socket, int what, void* owner,
                                              void* known) {
      return static_cast<parts*>(owner)->watch(socket, what, known != nullptr);
    };
    const curl_multi_timer_callback on_timer = [](CURLM*, long after, void* owner) {
      static_cast<parts*>(owner)->timeout = after;
      return 0;
    };
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts() {
    forget_calls();
    curl_multi_cleanup(multi);
    ::close(poll);
  }

  int watch(curl_socket_t socket, int what, bool known) {
    epoll_event wanted{.events = 0, .data = {.fd = socket}};
    if ((what & CURL_POLL_IN) != 0) wanted.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) wanted.events |= EPOLLOUT;
    const int change = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
                       : known                  ? EPOLL_CTL_MOD
                                                : EPOLL_CTL_ADD;
    ::epoll_ctl(poll, change, socket, &wanted);
    curl_multi_assign(multi, socket, what == CURL_POLL_REMOVE ? nullptr : this);
    return 0;
  }

  void add(const std::string& url) {
    CURL* call = curl_easy_init();
    const curl_write_callback on_data = [](char*, std::size_t one, std::size_t count, void* owner) {
      static_cast<parts*>(owner)->received += one * count;
      return one * count;
    };
    curl_easy_setopt(call, CURLOPT_URL, url.c_str());
    curl_easy_setopt(call, CURLOPT_POSTFIELDS, "{}");
    curl_easy_setopt(call, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(call, CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi, call);
    calls.push_back(call);
  }

  void turn() {
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()),
                                   timeout < 0 ? 1000 : static_cast<int>(timeout));
    if (count == 0 || timeout == 0) {
      timeout = -1;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (int i = 0; i < count; ++i) {
      const auto& one = events[static_cast<std::size_t>(i)];
      const int what = ((one.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 ? CURL_CSELECT_IN : 0) |
                       ((one.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi, one.data.fd, what, &running);
    }
  }

  void forget_calls() {
    for (CURL* one : calls) {
      curl_multi_remove_handle(multi, one);
      curl_easy_cleanup(one);
    }
    calls.clear();
  }
};

curl_floor::curl_floor() : parts_(std::make_unique<parts>()) {}

curl_floor::~curl_floor() = default;

void curl_floor::read(const std::string& url, std::size_t streams,
                      const std::function<bool()>& enough) {
  for (std::size_t i = 0; i < streams; ++i) parts_->add(url);
  do {
    parts_->turn();
  } while (parts_->running > 0 && !enough());
}

void curl_floor::read_some() {
  const auto before = parts_->received;
  while (parts_->running > 0 && parts_->received == before) parts_->turn();
}

std::size_t curl_floor::finish() {
  while (parts_->running > 0) parts_->turn();
  parts_->forget_calls();
  return std::exchange(parts_->received, 0);
}

}  // namespace bench
