#include "monitor/http_monitor.hpp"
#include "support/catch.hpp"

#include <array>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace mcp::cluster;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

http_monitor::answer page(std::string_view path) {
  if (path == "/metrics") return {.body = "calls_total 1\n"};
  if (path == "/broken") throw std::runtime_error{"it broke"};
  return {.status = 404, .body = "unknown\n"};
}

class browser {
 public:
  explicit browser(const http_monitor& monitor) : fd_(connect_to(monitor.address(), 5s)) {
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  }
  browser(const browser&) = delete;
  browser& operator=(const browser&) = delete;
  ~browser() { ::close(fd_); }

  void say(const std::string& text) const {
    // The far end may have had enough.
    static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  /// Until `end`, or the far end closes.
  [[nodiscard]] std::string hear(const std::string& end = "\r\n\r\n") const {
    std::string all;
    char byte = 0;
    while (!all.ends_with(end) && ::read(fd_, &byte, 1) == 1) all += byte;
    return all;
  }

 private:
  int fd_;
};

std::string ask(const http_monitor& monitor, const std::string& request) {
  const browser one{monitor};
  one.say(request);
  return one.hear("no such end");
}

}  // namespace

TEST_CASE("A monitor answers over HTTP, one request after another", "[monitor]") {
  const http_monitor monitor{{"127.0.0.1", 0}, page};
  const browser one{monitor};
  for (int i = 0; i < 3; ++i) {
    one.say("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto head = one.hear();
    CHECK_THAT(head, StartsWith("HTTP/1.1 200") && Contains("Content-Length: 14"));
    CHECK(one.hear("\n") == "calls_total 1\n");
  }
  one.say("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(one.hear(), StartsWith("HTTP/1.1 200") && Contains("Content-Length: 14"));
  one.say("GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(one.hear("no such end"), StartsWith("HTTP/1.1 404") && Contains("unknown"));
}

TEST_CASE("A monitor bears what it does not expect", "[monitor]") {
  const http_monitor monitor{{"127.0.0.1", 0}, page};
  CHECK_THAT(ask(monitor, "POST /metrics HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"),
             StartsWith("HTTP/1.0 405"));
  CHECK_THAT(ask(monitor, "GET /broken HTTP/1.0\r\n\r\n"),
             Contains(" 500 ") && Contains("it broke"));
  CHECK(ask(monitor, "\x16\x03\x01 no HTTP\r\n\r\n").empty());
  CHECK_THAT(ask(monitor, "GET /" + std::string(max_monitor_request, 'a') + " HTTP/1.1\r\n\r\n"),
             Contains(" 431 "));
  CHECK_THAT(ask(monitor, "POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"),
             Contains(" 431 "));
  CHECK_THAT(ask(monitor, "GET /metrics HTTP/1.0\r\n\r\n"), Contains("calls_total 1"));
}

TEST_CASE("Clients beyond the bound are closed, and a monitor ends with all it has", "[monitor]") {
  std::vector<std::unique_ptr<browser>> all;
  {
    const http_monitor monitor{{"127.0.0.1", 0}, page};
    for (std::size_t i = 0; i < max_monitor_clients; ++i) {
      all.push_back(std::make_unique<browser>(monitor));
      all.back()->say("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
      CHECK_THAT(all.back()->hear(), StartsWith("HTTP/1.1 200"));
    }
    const browser beyond{monitor};
    CHECK(beyond.hear().empty());
  }
  for (const auto& one : all) CHECK(one->hear("no such end").ends_with("calls_total 1\n"));
}
