#include "agents/mcp_http_script.hpp"
#include "agents/waiting_call.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::test {
namespace {

using ::test::connection;
using ::test::gate;
using ::test::opener;
using ::test::stream_head;

errc failure_of_call(mcp_client& client) {
  const auto how = begin(client, "web_work")->wait();
  REQUIRE(how.second);
  UNSCOPED_INFO(how.second->message());
  return how.second->code();
}

std::string result_of_call(mcp_client& client) {
  const auto how = begin(client, "web_work")->wait();
  if (how.second) UNSCOPED_INFO(how.second->message());
  REQUIRE(how.first);
  return how.first->content;
}

/// Hears the client's log until a line holds `wanted`.
struct log_wait {
  std::string wanted;
  std::promise<void> heard{};
  std::once_flag once{};
  explicit log_wait(std::string text) : wanted(std::move(text)) {}
  void line(std::string_view text) {
    if (text.find(wanted) != std::string_view::npos) {
      std::call_once(once, [this] { heard.set_value(); });
    }
  }
  void wait() { heard.get_future().wait(); }
  mcp_server_options& in(mcp_server_options& options) {
    options.on_log = [this](std::string_view text) { line(text); };
    return options;
  }
};

}  // namespace

TEST_CASE("An MCP server over HTTP answers by JSON, by a stream, or by a stream that broke") {
  const std::string way = GENERATE("json", "stream", "broken", "broken, id without data");
  INFO(way);
  std::string last;
  http_mcp_server server{{{"tools/call",
                           [&](connection& link, const heard_request& request) {
                             const auto body = request.result(fine);
                             if (way == "json")
                               return link.send(::test::answer(200, "application/json", body));
                             last = body;
                             link.send(stream_head());
                             link.send("id: e1\nretry: 1\n" +
                                       std::string{way == "broken" ? "data:\n" : ""} + "\n");
                             if (way == "stream") link.send(event(body));
                             return false;
                           }},
                          {"GET", [&](connection& link, const heard_request& request) {
                             if (request.header("Last-Event-ID") != "e1") {
                               return link.send(::test::answer(405, "", ""));
                             }
                             link.send(stream_head() + event(last));
                             return false;
                           }}}};
  const auto client = mcp_client::connect(server.options());
  CHECK(client->protocol_version() == "2025-11-25");
  CHECK(result_of_call(*client) == "fine");
  CHECK(server.count("tools/call") == 1);
  CHECK(server.complaints().empty());
}

TEST_CASE("Requests to an MCP server over HTTP do not overtake the end of the handshake") {
  std::atomic<int> early{0};
  http_mcp_server* book = nullptr;
  http_mcp_server server{
      {{"notifications/initialized", [&](connection& link, const heard_request&) {
          early = book->count("tools/list") + book->count("GET");
          return link.send(accepted);
        }}}};
  book = &server;
  const auto client = mcp_client::connect(server.options());
  CHECK(early == 0);
  CHECK(server.complaints().empty());
  CHECK(result_of_call(*client) == "fine");
}

TEST_CASE("A call that an MCP server over HTTP has not executed is sent in a new session") {
  const int status = GENERATE(404, 400);
  http_mcp_server server{{}, status};
  const auto client = mcp_client::connect(server.options());
  server.forget_sessions();
  CHECK(result_of_call(*client) == "fine");
  CHECK(server.count("tools/call") == 2);
  CHECK(server.count("initialize") == 2);
  CHECK(client->counts().starts == 2);
  CHECK(server.complaints().empty());
}

TEST_CASE("Calls that meet the end of an MCP session together share the new one") {
  const int status = GENERATE(404, 400);
  http_mcp_server server{{}, status};
  const auto client = mcp_client::connect(server.options());
  server.forget_sessions();
  std::vector<std::shared_ptr<waiting_port>> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(begin(*client, "web_work"));
  for (const auto& call : calls) {
    const auto how = call->wait();
    REQUIRE(how.first);
    CHECK(how.first->content == "fine");
  }
  CHECK(server.count("initialize") == 2);
  CHECK(server.complaints().empty());
}

TEST_CASE("A call under way in an MCP session that another call finds ended goes on") {
  gate slow;
  const opener at_the_end{slow};
  std::atomic<int> calls{0};
  http_mcp_server* book = nullptr;
  http_mcp_server server{{{"tools/call", [&](connection& link, const heard_request& request) {
                             if (calls++ == 0) slow.wait();
                             return book->answer(link, request);
                           }}}};
  book = &server;
  const auto client = mcp_client::connect(server.options());
  const auto first = begin(*client, "web_work");
  server.wait_for("tools/call", 1);
  server.forget_sessions();
  CHECK(result_of_call(*client) == "fine");
  CHECK(server.count("initialize") == 2);
  slow.open();
  const auto how = first->wait();
  REQUIRE(how.first);
  CHECK(how.first->content == "fine");
}

TEST_CASE("A call that every session of an MCP server refuses fails after the second") {
  http_mcp_server server{{{"tools/call", [&](connection& link, const heard_request&) {
                             return link.send(::test::answer(404, "", ""));
                           }}}};
  const auto client = mcp_client::connect(server.options());
  CHECK(failure_of_call(*client) == errc::connection_failed);
  CHECK(server.count("tools/call") == 2);
}

TEST_CASE("An MCP server over HTTP says by itself that its tools have changed") {
  gate changed;
  const opener at_the_end{changed};
  http_mcp_server server{{{"GET", [&](connection& link, const heard_request&) {
                             link.send(stream_head());
                             changed.wait();
                             link.send(event(notification("notifications/tools/list_changed")));
                             link.wait_for_close();
                             return false;
                           }}}};
  const auto client = mcp_client::connect(server.options());
  std::promise<void> grown;
  std::once_flag once;
  client->watch_tools([&](const std::vector<mcp_server_tool>& tools) {
    if (tools.size() == 2) std::call_once(once, [&] { grown.set_value(); });
  });
  server.wait_for("GET", 1);
  server.set_tools({"work", "more"});
  changed.open();
  grown.get_future().wait();
  CHECK(client->tools().size() == 2);
}

TEST_CASE("An MCP server over HTTP pings, asks and logs by itself") {
  http_mcp_server server{
      {{"GET", [&](connection& link, const heard_request&) {
          link.send(
              stream_head() + event(R"({"jsonrpc":"2.0","id":"p","method":"ping"})") +
              event(notification("notifications/message", R"({"level":"info","data":"a\nb"})")));
          link.wait_for_close();
          return false;
        }}}};
  log_wait log{"MCP server \"web\" (info): a b"};
  auto options = server.options();
  const auto client = mcp_client::connect(log.in(options));
  log.wait();
  server.wait_for("answer", 1);
  CHECK(heard_request{server.last("answer")}.said["id"] == "p");
  CHECK(server.complaints().empty());
}

TEST_CASE("A broken stream of an MCP server's notifications is taken up where it was") {
  http_mcp_server server{
      {{"GET", [&](connection& link, const heard_request& request) {
          link.send(stream_head());
          if (request.header("Last-Event-ID") != "e7") {
            link.send(event("", "id: e7\nretry: 1\n"));
            return false;
          }
          link.send(event(notification("notifications/message", R"({"data":"again"})")));
          link.wait_for_close();
          return false;
        }}}};
  log_wait log{"again"};
  auto options = server.options();
  const auto client = mcp_client::connect(log.in(options));
  log.wait();
  CHECK(server.count("GET") == 2);
}

TEST_CASE("An MCP server over HTTP that knows no GET is used without a stream") {
  const int status = GENERATE(404, 405);
  http_mcp_server server{{{"GET", [&](connection& link, const heard_request&) {
                             return link.send(::test::answer(status, "", ""));
                           }}}};
  const auto client = mcp_client::connect(server.options());
  server.wait_for("GET", 1);
  CHECK(result_of_call(*client) == "fine");
  CHECK(server.count("initialize") == 1);
}

TEST_CASE("The end of a client ends its session at an MCP server over HTTP") {
  const int status = GENERATE(200, 204, 405, 500);
  http_mcp_server server{{{"DELETE", [&](connection& link, const heard_request&) {
                             return link.send(::test::answer(status, "", ""));
                           }}}};
  auto client = mcp_client::connect(server.options());
  client.reset();
  CHECK(server.count("DELETE") == 1);
  CHECK(heard_request{server.last("DELETE")}.header("Mcp-Session-Id") == "s1");
  CHECK(server.complaints().empty());
}

TEST_CASE("A status of an MCP server over HTTP becomes the error of the call") {
  const auto [status, code] = GENERATE(table<int, errc>({{401, errc::unauthorized},
                                                         {429, errc::rate_limited},
                                                         {500, errc::server_failed},
                                                         {400, errc::connection_failed}}));
  http_mcp_server server{{{"tools/call", [status = status](connection& link, const heard_request&) {
                             return link.send(::test::answer(status, "", ""));
                           }}}};
  const auto client = mcp_client::connect(server.options());
  CHECK(failure_of_call(*client) == code);
  CHECK(server.count("tools/call") == 1);
  CHECK(server.count("initialize") == 1);
}

TEST_CASE("A JSON-RPC error of an MCP server over HTTP is told whatever the status") {
  const int status = GENERATE(200, 400);
  http_mcp_server server{{{"tools/call", [&](connection& link, const heard_request& request) {
                             return link.send(::test::answer(
                                 status, "application/json",
                                 R"({"jsonrpc":"2.0","id":)" + request.id() +
                                     R"(,"error":{"code":-32602,"message":"no such thing"}})"));
                           }}}};
  const auto client = mcp_client::connect(server.options());
  const auto how = begin(*client, "web_work")->wait();
  REQUIRE(how.second);
  CHECK(how.second->code() == errc::tool_failed);
  CHECK(how.second->message().find("no such thing") != std::string::npos);
}

}  // namespace mcp::test
