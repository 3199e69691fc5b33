#include "agents/mcp_http_script.hpp"
#include "agents/waiting_call.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <string>

namespace mcp::test {
namespace {

using ::test::connection;
using ::test::stream_head;
using handler = http_mcp_server::handler;

std::shared_ptr<mcp_client> client_of(http_mcp_server& server) {
  auto options = server.options();
  options.max_message_bytes = 1 << 20;
  return mcp_client::connect(options);
}

/// How a call ends that the server answers like this.
errc failure_of_call(const handler& answer) {
  http_mcp_server server{{{"tools/call", answer}}};
  const auto client = client_of(server);
  const auto how = begin(*client, "web_work")->wait();
  REQUIRE(how.second);
  UNSCOPED_INFO(how.second->message());
  return how.second->code();
}

errc refusal_of(const std::string& more_headers) {
  http_mcp_server server{
      {{"initialize", [&](connection& link, const heard_request& request) {
          return link.send(::test::answer(
              200, "application/json",
              request.result(R"({"protocolVersion":"2025-11-25","capabilities":{}})"),
              more_headers));
        }}}};
  try {
    static_cast<void>(client_of(server));
  } catch (const error& why) {
    UNSCOPED_INFO(why.message());
    return why.code();
  }
  FAIL("it was connected");
  return {};
}

bool send_endless(connection& link, const std::string& piece) {
  while (link.send(piece)) {
  }
  return false;
}

/// A stream of notifications that is left, with a remark; the server is of use all the same.
void check_stream_is_left(const handler& stream) {
  std::string body;
  std::atomic<int> listened{0};
  // The call's stream breaks and is taken up later than the left one would have been.
  http_mcp_server server{{{"tools/call",
                           [&](connection& link, const heard_request& request) {
                             body = request.result(fine);
                             link.send(stream_head() + event("", "id: call\nretry: 0\n"));
                             return false;
                           }},
                          {"GET", [&](connection& link, const heard_request& request) {
                             if (request.header("Last-Event-ID") == "call") {
                               link.send(stream_head() + event(body));
                               return false;
                             }
                             ++listened;
                             return stream(link, request);
                           }}}};
  auto options = server.options();
  options.max_message_bytes = 1 << 20;
  std::promise<void> left;
  std::once_flag once;
  options.on_log = [&](std::string_view line) {
    if (line.find("its stream of notifications is left") == std::string_view::npos) return;
    std::call_once(once, [&] { left.set_value(); });
  };
  const auto client = mcp_client::connect(options);
  left.get_future().wait();
  for (int i = 0; i < 3; ++i) CHECK(begin(*client, "web_work")->wait().first);
  CHECK(listened == 1);
  CHECK(client->counts().starts == 1);
}

}  // namespace

TEST_CASE("A hostile MCP server over HTTP that sends without end ends in an error of the call") {
  const std::string some(1 << 16, 'x');
  SECTION("events") {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "data: 1\n\n";
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send(stream_head());
            return send_endless(link, many);
          }) == errc::too_large);
  }
  SECTION("empty events") {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "data:\n\n";
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send(stream_head());
            return send_endless(link, many);
          }) == errc::too_large);
  }
  SECTION("one event") {
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send(stream_head() + "id: 1\nretry: 0\ndata: ");
            return send_endless(link, some);
          }) == errc::too_large);
  }
  SECTION("lines of one event") {
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send(stream_head());
            return send_endless(link, "data: " + some + "\n");
          }) == errc::too_large);
  }
  SECTION("JSON") {
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send(stream_head("application/json"));
            return send_endless(link, "[" + some);
          }) == errc::too_large);
  }
  SECTION("a page with an error") {
    CHECK(failure_of_call([&](connection& link, const heard_request&) {
            link.send("HTTP/1.1 500 Sorry\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n");
            return send_endless(link, some);
          }) == errc::server_failed);
  }
}

TEST_CASE("A hostile stream of an MCP server's notifications is left") {
  SECTION("events without end") {
    std::string many;
    for (int i = 0; i < 100; ++i) many += event(notification("notifications/tools/list_changed"));
    check_stream_is_left([&](connection& link, const heard_request&) {
      link.send(stream_head());
      return send_endless(link, many);
    });
  }
  SECTION("one event without end") {
    const std::string some(1 << 16, 'x');
    check_stream_is_left([&](connection& link, const heard_request&) {
      link.send(stream_head() + "id: 1\nretry: 0\ndata: ");
      return send_endless(link, some);
    });
  }
}

TEST_CASE("An MCP server that ends its stream at once, for ever, is asked again with pauses") {
  http_mcp_server server{{{"GET", [](connection& link, const heard_request&) {
                             link.send(stream_head() + "retry: 0\n\n");
                             return false;
                           }}}};
  const auto client = client_of(server);
  server.wait_for("GET", 3);
  CHECK(begin(*client, "web_work")->wait().first);
  CHECK(client->counts().starts == 1);
}

TEST_CASE("An MCP server over HTTP that answers twice, and what nobody asked, is put up with") {
  http_mcp_server server{
      {{"tools/call", [](connection& link, const heard_request& request) {
          const std::string other = R"({"jsonrpc":"2.0","id":987654,"result":{}})";
          const std::string text = R"({"jsonrpc":"2.0","id":"x","result":{}})";
          link.send(stream_head() + event(other) + event(text) + event("nonsense") +
                    event(request.result(fine)) + event(request.result(fine)));
          return false;
        }}}};
  const auto client = client_of(server);
  const auto how = begin(*client, "web_work")->wait();
  REQUIRE(how.first);
  CHECK(how.first->content == "fine");
  CHECK(begin(*client, "web_work")->wait().first);
  CHECK(client->counts().unknown_answers >= 5);
  CHECK(client->counts().malformed >= 1);
  CHECK(client->counts().starts == 1);
}

TEST_CASE("An answer of an MCP server over HTTP of a wrong type is none") {
  CHECK(failure_of_call([](connection& link, const heard_request& request) {
          return link.send(::test::answer(200, "text/html", request.result(fine)));
        }) == errc::malformed_answer);
  CHECK(failure_of_call([](connection& link, const heard_request&) {
          return link.send(accepted);
        }) == errc::malformed_answer);
}

TEST_CASE("An MCP client over HTTP is not led elsewhere by a redirect") {
  ::test::http_server elsewhere{[](connection& link) { link.wait_for_close(); }};
  const int status = GENERATE(301, 307, 308);
  CHECK(failure_of_call([&](connection& link, const heard_request&) {
          return link.send(
              ::test::answer(status, "", "", "Location: " + elsewhere.url("/mcp") + "\r\n"));
        }) == errc::connection_failed);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("An MCP server whose session id is none is refused by connect") {
  CHECK(refusal_of("Mcp-Session-Id: a\x01z\r\n") == errc::malformed_answer);
  CHECK(refusal_of("Mcp-Session-Id: a b\r\n") == errc::malformed_answer);
  CHECK(refusal_of("Mcp-Session-Id: \xc3\xa9\r\n") == errc::malformed_answer);
  CHECK(refusal_of("Mcp-Session-Id: " + std::string(2000, 'x') + "\r\n") == errc::malformed_answer);
}

TEST_CASE("A broken stream that an MCP server will not take up again ends the call") {
  const int status = GENERATE(400, 405, 404);
  http_mcp_server server{{{"tools/call",
                           [](connection& link, const heard_request&) {
                             link.send(stream_head() + event("", "id: e1\nretry: 1\n"));
                             return false;
                           }},
                          {"GET", [&](connection& link, const heard_request&) {
                             return link.send(::test::answer(status, "", ""));
                           }}}};
  const auto client = client_of(server);
  const auto how = begin(*client, "web_work")->wait();
  REQUIRE(how.second);
  CHECK(how.second->code() == errc::connection_failed);
  CHECK(server.count("tools/call") == 1);
}

TEST_CASE(
    "An MCP stream of comments, or one that breaks for ever, meets the time limit of the call") {
  const bool breaks = GENERATE(false, true);
  http_mcp_server server{{{"tools/call",
                           [&](connection& link, const heard_request&) {
                             link.send(stream_head() + event("", "id: e1\nretry: 0\n"));
                             return !breaks && send_endless(link, ": still here\n");
                           }},
                          {"GET", [&](connection& link, const heard_request& request) {
                             if (request.header("Last-Event-ID").empty()) {
                               return link.send(::test::answer(405, "", ""));
                             }
                             link.send(stream_head());
                             return false;
                           }}}};
  auto options = server.options();
  options.call_timeout = std::chrono::milliseconds{500};
  const auto client = mcp_client::connect(options);
  const auto how = begin(*client, "web_work")->wait();
  REQUIRE(how.second);
  CHECK(how.second->code() == errc::call_timeout);
}

TEST_CASE("An MCP server that never answers the end of a session does not hold the client") {
  http_mcp_server server{{{"DELETE", [](connection& link, const heard_request&) {
                             link.wait_for_close();
                             return false;
                           }}}};
  client_of(server).reset();
  server.wait_for("DELETE", 1);
  SUCCEED();
}

TEST_CASE("A list of an MCP server over HTTP goes no further than a cursor that is too long") {
  http_mcp_server server{
      {{"tools/list", [](connection& link, const heard_request& request) {
          return link.send(::test::answer(
              200, "application/json",
              request.result(R"({"tools":[],"nextCursor":")" + std::string(70'000, 'x') + "\"}")));
        }}}};
  const auto client = client_of(server);
  CHECK(client->tools().empty());
  CHECK(server.count("tools/list") == 1);
}

TEST_CASE("Pages of an MCP server over HTTP are bounded like those over stdio") {
  std::atomic<int> page{0};
  http_mcp_server server{
      {{"tools/list", [&](connection& link, const heard_request& request) {
          return link.send(::test::answer(
              200, "application/json",
              request.result(R"({"tools":[],"nextCursor":"c)" + std::to_string(++page) + "\"}")));
        }}}};
  auto options = server.options();
  options.max_pages = 7;
  const auto client = mcp_client::connect(options);
  CHECK(client->tools().empty());
  CHECK(server.count("tools/list") == 7);
}

}  // namespace mcp::test
