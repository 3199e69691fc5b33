#include "net/sockets.hpp"

#include "mcp/error.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr int backlog = 128;

using address_list = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw error{errc::connection_failed, what + ": " + why};
}

address_list resolve(const socket_address& where, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code =
      getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (code != 0) fail("cannot find \"" + where.host + "\"", gai_strerror(code));
  return {found, &freeaddrinfo};
}

class descriptor {
 public:
  explicit descriptor(const addrinfo& of)
      : fd_(socket(of.ai_family, of.ai_socktype | SOCK_CLOEXEC, of.ai_protocol)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int take() noexcept { return std::exchange(fd_, -1); }
  void set(int level, int option) const noexcept {
    const int on = 1;
    static_cast<void>(setsockopt(fd_, level, option, &on, sizeof on));
  }

 private:
  int fd_;
};

std::uint16_t port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

/// 0, or why there is no connection.
int connect_within(int fd, const addrinfo& to, std::chrono::milliseconds within) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (connect(fd, to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait{fd, POLLOUT, 0};
  const int ready = poll(&wait, 1, static_cast<int>(within.count()));
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int result = 0;
  socklen_t size = sizeof result;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
  return result;
}

bool is_loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24U == 127;
  }
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace

socket_address socket_address::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  const auto digits = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool whole = bad == std::errc{} && end == digits.data() + digits.size();
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    host.clear();  // an IPv6 address whose end looks like a port
  }
  if (!whole || host.empty()) {
    throw error{errc::invalid_argument,
                "\"" + text + "\" is no address; write HOST:PORT or [IPv6]:PORT"};
  }
  return {std::move(host), port};
}

std::string socket_address::text() const {
  const auto shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return shown + ":" + std::to_string(port);
}

std::pair<int, std::uint16_t> listen_on(const socket_address& where) {
  const auto found = resolve(where, AI_PASSIVE);
  descriptor made{*found};
  made.set(SOL_SOCKET, SO_REUSEADDR);
  if (made.get() < 0 || bind(made.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(made.get(), backlog) != 0) {
    fail("cannot listen on " + where.text(), std::strerror(errno));
  }
  fcntl(made.get(), F_SETFL, fcntl(made.get(), F_GETFL) | O_NONBLOCK);
  const auto port = port_of(made.get());
  return {made.take(), port};
}

bool is_loopback(const std::string& host) {
  const auto found = resolve({host, 0}, 0);
  for (const auto* one = found.get(); one != nullptr; one = one->ai_next) {
    if (!is_loopback(*one->ai_addr)) return false;
  }
  return true;
}

int connect_to(const socket_address& where, std::chrono::milliseconds within) {
  const auto found = resolve(where, 0);
  int why = 0;
  for (const auto* one = found.get(); one != nullptr; one = one->ai_next) {
    descriptor made{*one};
    if (made.get() < 0) {
      why = errno;
      continue;
    }
    why = connect_within(made.get(), *one, within);
    if (why != 0) continue;
    made.set(IPPROTO_TCP, TCP_NODELAY);
    return made.take();
  }
  if (why == ETIMEDOUT) {
    throw error{errc::call_timeout, "no connection to " + where.text() + " within " +
                                        std::to_string(within.count()) + " ms"};
  }
  fail("cannot connect to " + where.text(), std::strerror(why));
}

}  // namespace mcp::cluster
