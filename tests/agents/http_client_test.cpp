#include "io/http_client.hpp"

#include "agents/http_server.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace {

using mcp::errc;
using mcp::io::http_client;
using mcp::io::http_end;
using mcp::io::http_head;
using mcp::io::http_request;
using std::chrono::milliseconds;
using test::connection;

/// A call, with all that it gave.
struct probe {
  http_head head{};
  std::string body{};
  std::promise<http_end> ended{};
  std::promise<void> got_data{};
  bool has_data = false;
  std::shared_ptr<mcp::io::http_call> call{};

  http_end wait() { return ended.get_future().get(); }
};

std::shared_ptr<probe> start(http_client& client, http_request request) {
  auto made = std::make_shared<probe>();
  made->call =
      client.start(std::move(request),
                   {.on_headers = [made](const http_head& head) { made->head = head; },
                    .on_data =
                        [made](std::string_view bytes) {
                          made->body += bytes;
                          if (!std::exchange(made->has_data, true)) {
                            made->got_data.set_value();
                          }
                          return true;
                        },
                    .on_end = [made](http_end how) { made->ended.set_value(std::move(how)); }});
  return made;
}

errc failure_of(http_client& client, http_request request) {
  const auto end = start(client, std::move(request))->wait();
  REQUIRE(end.failure);
  UNSCOPED_INFO(end.failure->message());
  return end.failure->code();
}

/// Answers every request of a connection alike.
test::http_server::script always(std::string text) {
  return [text](connection& link) {
    while (!link.read_request().empty()) link.send(text);
  };
}

void hold(connection& link) {
  link.read_request();
  link.wait_for_close();
}

}  // namespace

TEST_CASE("A call sends its request and hears status, headers and body") {
  std::promise<std::string> request;
  test::http_server server{[&](connection& link) {
    request.set_value(link.read_request());
    link.send("HTTP/1.1 100 Continue\r\n\r\n");
    link.send(test::answer(201, "text/plain", "made", "X-Thing:  a b \r\n"));
  }};
  http_client client;
  const auto got = start(client, {.method = "POST",
                                  .url = server.url("/things?x=1"),
                                  .headers = {{"X-Mine", "yes"}, {"X-Empty", ""}},
                                  .body = std::string(100'000, 'b')});
  CHECK_FALSE(got->wait().failure);
  CHECK(got->head.status == 201);
  CHECK(got->head.find("x-thing") == "a b");
  CHECK(got->head.find("gone").empty());
  CHECK(got->body == "made");
  const auto sent = request.get_future().get();
  CHECK(sent.starts_with("POST /things?x=1 HTTP/1.1\r\n"));
  CHECK(sent.find("X-Mine: yes\r\n") != std::string::npos);
  CHECK(sent.find("X-Empty:\r\n") != std::string::npos);
  CHECK(sent.find("Expect") == std::string::npos);
  CHECK(sent.ends_with("\r\n\r\n" + std::string(100'000, 'b')));
}

TEST_CASE("Connections are used again") {
  test::http_server server{always(test::answer(200, "text/plain", "x"))};
  http_client client;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(start(client, {.url = server.url()})->wait().failure);
  CHECK(server.connections() == 1);
}

TEST_CASE("Cancelling a call closes its socket at once") {
  std::promise<void> closed;
  test::http_server server{[&](connection& link) {
    link.read_request();
    link.send(test::stream_head() + "data: x\n\n");
    link.wait_for_close();
    closed.set_value();
  }};
  http_client client;
  const auto got = start(client, {.url = server.url()});
  got->got_data.get_future().wait();
  got->call->cancel();
  got->call->cancel();
  closed.get_future().wait();
  CHECK(got->wait().failure->code() == errc::cancelled);
  got->call->cancel();  // after its end
}

TEST_CASE("A receiver stops its call by its answer, by cancelling, or by an exception") {
  std::atomic<int> closed{0};
  test::gate all_closed;
  test::http_server server{[&](connection& link) {
    link.read_request();
    link.send(test::stream_head() + "data: x\n\n");
    link.wait_for_close();
    if (++closed == 3) all_closed.open();
  }};
  http_client client;
  const auto run = [&](std::function<bool(mcp::io::http_call&)> receive) {
    std::promise<http_end> ended;
    std::promise<std::shared_ptr<mcp::io::http_call>> self;
    const auto call = client.start(
        {.url = server.url()},
        {.on_headers = {},
         .on_data = [&](std::string_view) { return receive(*self.get_future().get()); },
         .on_end = [&](http_end how) { ended.set_value(std::move(how)); }});
    self.set_value(call);
    const auto end = ended.get_future().get();
    REQUIRE(end.failure);
    return *end.failure;
  };
  CHECK(run([](auto&) { return false; }).code() == errc::cancelled);
  CHECK(run([](auto& call) { return call.cancel(), true; }).code() == errc::cancelled);
  const auto thrown = run([](auto&) -> bool { throw std::runtime_error{"my own trouble"}; });
  CHECK(thrown.message().find("my own trouble") != std::string::npos);
  all_closed.wait();
}

TEST_CASE("Each limit ends a call that is too slow, and its error names the limit") {
  test::http_server silent{hold};
  test::http_server stalling{[](connection& link) {
    link.read_request();
    link.send(test::stream_head() + "data: x\n\n");
    link.wait_for_close();
  }};
  http_client client;
  const auto late = [&](http_request request) {
    const auto end = start(client, std::move(request))->wait();
    REQUIRE(end.failure);
    CHECK(end.failure->code() == errc::call_timeout);
    CHECK(end.passing);
    return end.failure->message();
  };
  using Catch::Matchers::Contains;
  constexpr milliseconds short_time{50};
  constexpr milliseconds none{0};
  const auto tls_to_plain = "https" + silent.url().substr(4);  // the handshake gets no answer
  CHECK_THAT(late({.url = tls_to_plain, .timeouts = {short_time, none, none, none}}),
             Contains("the connect limit of 50 ms"));
  CHECK_THAT(late({.url = silent.url(), .timeouts = {none, short_time, none, none}}),
             Contains("the first byte limit of 50 ms"));
  CHECK_THAT(late({.url = stalling.url(), .timeouts = {none, none, short_time, none}}),
             Contains("the idle stream limit of 50 ms"));
  CHECK_THAT(late({.url = stalling.url(), .timeouts = {none, none, none, short_time}}),
             Contains("the total limit of 50 ms"));
}

TEST_CASE("An answer beyond its limits is too large") {
  test::http_server server{[](connection& link) {
    link.read_request();
    link.send(test::stream_head());
    const std::string piece(65'536, 'x');
    while (link.send(piece)) {
    }
  }};
  test::http_server headers{[](connection& link) {
    link.read_request();
    link.send("HTTP/1.1 200 OK\r\n");
    const auto line = "X: " + std::string(10'000, 'x') + "\r\n";
    while (link.send(line)) {
    }
  }};
  http_client client;
  CHECK(failure_of(client, {.url = server.url(), .max_body = 1'000'000}) == errc::too_large);
  const auto code = failure_of(client, {.url = headers.url()});
  CHECK((code == errc::too_large || code == errc::connection_failed));  // libcurl has a limit too
}

TEST_CASE("A connection that breaks in mid-answer fails, and may work later") {
  const auto script = [](bool reset) {
    return [reset](connection& link) {
      link.read_request();
      link.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      if (reset) link.reset();
    };
  };
  http_client client;
  for (const bool reset : {false, true}) {
    test::http_server server{script(reset)};
    const auto end = start(client, {.url = server.url()})->wait();
    REQUIRE(end.failure);
    CHECK(end.failure->code() == errc::connection_failed);
    CHECK(end.passing);
  }
}

TEST_CASE("A certificate is checked for its issuer, its host and its date") {
  http_client client;
  const auto page = always(test::answer(200, "text/plain", "secret"));
  test::http_server good{page, {}};
  const auto got = start(client, {.url = good.url(), .ca_file = good.ca_file()});
  CHECK_FALSE(got->wait().failure);
  CHECK(got->body == "secret");

  test::http_server wrong_host{page, {.name = "other.example"}};
  test::http_server expired{page, {.expired = true}};
  const auto refused = [&](const std::string& url, const std::string& ca_file) {
    const auto end = start(client, {.url = url, .ca_file = ca_file})->wait();
    REQUIRE(end.failure);
    CHECK(end.failure->code() == errc::connection_failed);
    CHECK_FALSE(end.passing);
  };
  refused(good.url(), "");
  refused(wrong_host.url(), wrong_host.ca_file());
  refused(expired.url(), expired.ca_file());
}

TEST_CASE("A URL that leads nowhere is told apart from a bad one") {
  http_client client;
  std::string closed_port;
  {
    test::http_server gone{hold};
    closed_port = gone.url();
  }
  CHECK(failure_of(client, {.url = closed_port}) == errc::connection_failed);
  CHECK(failure_of(client, {.url = "http://"}) == errc::invalid_argument);
  CHECK(failure_of(client, {.url = "file:///etc/passwd"}) == errc::invalid_argument);
  const auto end = start(client, {.url = closed_port + "path?key=hidden"})->wait();
  CHECK(end.failure->message().find("hidden") == std::string::npos);
}

TEST_CASE("Redirects are followed as often as allowed, and not at all by default") {
  test::http_server server{[](connection& link) {
    for (auto request = link.read_request(); !request.empty(); request = link.read_request()) {
      const bool last = request.starts_with("GET /end ");
      link.send(last ? test::answer(200, "text/plain", "here")
                     : test::answer(302, "", "moved", "Location: /end\r\n"));
    }
  }};
  test::http_server circle{always(test::answer(302, "", "moved", "Location: /again\r\n"))};
  test::http_server elsewhere{
      always(test::answer(302, "", "", "Location: file:///etc/passwd\r\n"))};
  http_client client;
  const auto plain = start(client, {.url = server.url()});
  CHECK_FALSE(plain->wait().failure);
  CHECK(plain->head.status == 302);
  CHECK(plain->body == "moved");
  const auto followed = start(client, {.url = server.url(), .follow_redirects = 1});
  CHECK_FALSE(followed->wait().failure);
  CHECK(followed->head.status == 200);
  CHECK(followed->head.url == server.url("/end"));
  CHECK(followed->body == "here");
  CHECK(start(client, {.url = circle.url(), .follow_redirects = 3})->wait().failure);
  CHECK(start(client, {.url = elsewhere.url(), .follow_redirects = 3})->wait().failure);
}

TEST_CASE("An address that the filter refuses is not connected to, nor taken from the pool") {
  test::http_server server{always(test::answer(200, "text/plain", "x"))};
  http_client client;
  const auto no_loopback = [](const sockaddr& address) {
    if (address.sa_family != AF_INET) return true;
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 != 127;
  };
  CHECK(failure_of(client, {.url = server.url(), .allow_address = no_loopback}) ==
        errc::access_denied);
  CHECK(server.connections() == 0);
  CHECK_FALSE(start(client, {.url = server.url()})->wait().failure);
  CHECK(failure_of(client, {.url = server.url(), .allow_address = no_loopback}) ==
        errc::access_denied);
  CHECK_FALSE(
      start(client, {.url = server.url(), .allow_address = [](const sockaddr&) { return true; }})
          ->wait()
          .failure);
}

TEST_CASE("A proxy is taken from the environment") {
  std::promise<std::string> request;
  test::http_server proxy{[&](connection& link) {
    request.set_value(link.read_request());
    link.send(test::answer(200, "text/plain", "by proxy"));
  }};
  setenv("http_proxy", proxy.url().c_str(), 1);
  {
    http_client client;
    const auto got = start(client, {.url = "http://far.example/page"});
    CHECK_FALSE(got->wait().failure);
    CHECK(got->body == "by proxy");
  }
  unsetenv("http_proxy");
  CHECK(request.get_future().get().starts_with("GET http://far.example/page "));
}

TEST_CASE("Calls beyond those in flight wait, and beyond that are turned away") {
  test::gate go;
  test::http_server server{[&](connection& link) {
    while (!link.read_request().empty()) {
      link.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
      go.wait();
      link.send("b");
    }
  }};
  const test::opener always_open{go};
  http_client client{{.waiting_calls = 2, .calls_in_flight = 1}};
  const auto first = start(client, {.url = server.url()});
  first->got_data.get_future().wait();
  const auto second = start(client, {.url = server.url()});
  const auto third = start(client, {.url = server.url()});
  CHECK(failure_of(client, {.url = server.url()}) == errc::overloaded);
  second->call->cancel();
  CHECK(second->wait().failure->code() == errc::cancelled);
  const auto late = start(client, {.url = server.url(), .timeouts = {.total = milliseconds{30}}});
  CHECK(late->wait().failure->code() == errc::call_timeout);
  const auto fourth = start(client, {.url = server.url()});
  go.open();
  for (const auto& call : {first, third, fourth}) CHECK_FALSE(call->wait().failure);
  CHECK(server.connections() == 1);
}

TEST_CASE("One thread carries many calls at once") {
  constexpr int calls = 200;
  std::atomic<int> arrived{0};
  test::gate all_there;
  test::http_server server{[&](connection& link) {
    link.read_request();
    if (++arrived == calls) all_there.open();
    all_there.wait();
    link.send(test::answer(200, "text/plain", "x"));
  }};
  const test::opener always_open{all_there};
  http_client client;
  std::vector<std::shared_ptr<probe>> all;
  for (int i = 0; i < calls; ++i) all.push_back(start(client, {.url = server.url()}));
  for (const auto& call : all) CHECK_FALSE(call->wait().failure);
}

TEST_CASE("The end of a client ends its calls and drops its timers") {
  test::http_server server{hold};
  std::vector<std::shared_ptr<probe>> all;
  bool called = false;
  {
    http_client client{{.waiting_calls = 10, .calls_in_flight = 2}};
    for (int i = 0; i < 5; ++i) all.push_back(start(client, {.url = server.url()}));
    client.call_at(client.now() + std::chrono::hours{1}, [&] { called = true; });
  }
  for (const auto& call : all) CHECK(call->wait().failure->code() == errc::cancelled);
  all.front()->call->cancel();  // it outlives the client
  CHECK_FALSE(called);
}

TEST_CASE("Timers run in order on the loop's thread, and forgotten ones do not run") {
  http_client client;
  std::vector<int> order;
  std::promise<void> done;
  std::thread::id loop;
  const auto start_time = client.now() + milliseconds{20};
  client.call_at(start_time + milliseconds{2}, [&] {
    order.push_back(3);
    client.call_at(client.now(), [&] {
      order.push_back(4);
      loop = std::this_thread::get_id();
      done.set_value();
    });
  });
  client.call_at(start_time, [&] { order.push_back(1); });
  const auto gone = client.call_at(start_time, [&] { order.push_back(-1); });
  client.call_at(start_time, [&] { order.push_back(2); });
  client.forget(gone);
  client.forget(gone);
  client.forget(12'345);
  done.get_future().wait();
  CHECK(order == std::vector<int>{1, 2, 3, 4});
  CHECK(loop != std::this_thread::get_id());
}

TEST_CASE("A URL's place is its scheme, host and port") {
  const auto place = mcp::io::place_of("https://user:pw@[::1]:8443/v1?key=x");
  REQUIRE(place);
  CHECK(place->text() == "https://[::1]:8443");
  CHECK(place->is_loopback());
  CHECK(mcp::io::place_of("http://localhost/v1")->is_loopback());
  CHECK(mcp::io::place_of("http://127.9.0.1")->port == "80");
  CHECK_FALSE(mcp::io::place_of("http://127.0.0.1.example")->is_loopback());
  CHECK_FALSE(mcp::io::place_of("not a url"));
  CHECK_FALSE(mcp::io::place_of("ftp://host/"));
}
