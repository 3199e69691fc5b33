#include "stream_server.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

void demand(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string{"the stream server cannot "} + what);
}

/// Whether the request has arrived with all of its body.
bool is_whole(const std::string& request) {
  const auto head = request.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const auto length = request.find("Content-Length: ");
  const auto body = length < head ? std::strtoul(request.c_str() + length + 16, nullptr, 10) : 0;
  return request.size() >= head + 4 + body;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

const std::string& stream_server::token_event() {
  static const std::string text =
      R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",)"
      R"("choices":[{"index":0,"delta":{"content":"token "},"finish_reason":null}]})"
      "\n\n";
  return text;
}

const std::string& stream_server::last_events() {
  static const std::string text =
      R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",)"
      R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})"
      "\n\ndata: [DONE]\n\n";
  return text;
}

stream_server::stream_server() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  demand(listener_ >= 0 && poll_ >= 0 && wake_ >= 0, "open its files");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  demand(::bind(listener_, raw, size) == 0 && ::listen(listener_, 4096) == 0 &&
             ::getsockname(listener_, raw, &size) == 0,
         "listen");
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1";
  for (const int socket : {listener_, wake_}) {
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = socket}};
    demand(::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &wanted) == 0, "watch its files");
  }
  thread_ = std::thread{[this] { serve(); }};
}

stream_server::~stream_server() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (auto& one : readers_) close(one);
  for (const int file : {listener_, poll_, wake_}) ::close(file);
}

std::string stream_server::url() const {
  return url_;
}

std::size_t stream_server::open_streams() {
  const std::lock_guard lock(mutex_);
  return open_;
}

void stream_server::wait_until_open(std::size_t streams) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return open_ >= streams; });
}

void stream_server::wait_until_closed(std::size_t streams) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ >= streams; });
  closed_ = 0;
}

void stream_server::send_events(std::size_t each) {
  {
    const std::lock_guard lock(mutex_);
    events_due_ = each;
  }
  ::eventfd_write(wake_, 1);
}

void stream_server::send_token() {
  const std::lock_guard lock(mutex_);
  for (const auto& one : readers_) {
    if (one.asked) {
      send_all(one.socket, token_event());
      return;
    }
  }
}

void stream_server::serve() {
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener_) {
        accept_all();
      } else if (socket == wake_) {
        eventfd_t ignored = 0;
        ::eventfd_read(wake_, &ignored);
      } else {
        read(readers_[static_cast<std::size_t>(socket)]);
      }
    }
    const std::unique_lock lock(mutex_);
    if (ending_) return;
    if (events_due_ > 0) stream();
  }
}

void stream_server::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int now = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    const auto index = static_cast<std::size_t>(socket);
    if (readers_.size() <= index) readers_.resize(index + 1);
    readers_[index] = {.socket = socket};
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = socket}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &wanted);
  }
}

void stream_server::read(reader& from) {
  std::array<char, 16'384> bytes{};
  const auto size = ::recv(from.socket, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    close(from);
    const std::lock_guard lock(mutex_);
    --open_;
    ++closed_;
    changed_.notify_all();
    return;
  }
  from.request.append(bytes.data(), static_cast<std::size_t>(size));
  if (from.asked || !is_whole(from.request)) return;
  from.asked = true;
  send_all(from.socket,
           "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  const std::lock_guard lock(mutex_);
  ++open_;
  changed_.notify_all();
}

/// With the lock held: nobody asks for anything else while events are sent.
void stream_server::stream() {
  for (std::size_t i = 0; i < events_due_; ++i) {
    for (const auto& one : readers_) {
      if (one.asked) send_all(one.socket, token_event());
    }
  }
  for (auto& one : readers_) {
    if (!one.asked) continue;
    send_all(one.socket, last_events());
    close(one);
    --open_;
  }
  events_due_ = 0;
}

void stream_server::close(reader& which) {
  if (which.socket >= 0) ::close(which.socket);
  which = {};
}

void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace bench
