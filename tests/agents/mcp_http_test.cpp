#include "agents/http_server.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::test {
namespace {

using nlohmann::json;
using ::test::connection;

const std::string accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

/// Plays an MCP server over HTTP.
struct http_script {
  std::mutex mutex{};
  std::vector<std::string> seen{};
  bool streams = false;  ///< answers by server-sent events
  bool breaks = false;   ///< such a stream breaks, and goes on in another
  std::atomic<int> sessions{0};
  std::atomic<int> forgets{0};  ///< so many times a session is unknown
  int status = 200;             ///< of calls

  void play(connection& link) {
    for (auto text = link.read_request(); !text.empty(); text = link.read_request()) {
      {
        const std::lock_guard lock{mutex};
        seen.push_back(text);
      }
      if (!reply(link, text)) return;
    }
  }

  bool reply(connection& link, const std::string& text) {
    if (text.starts_with("DELETE")) return link.send(accepted);
    if (text.starts_with("GET")) return stream(link, text);
    const auto said = json::parse(text.substr(text.find("\r\n\r\n") + 4));
    const auto method = said["method"].get<std::string>();
    if (!said.contains("id")) return link.send(accepted);
    if (method == "initialize") {
      return link.send(::test::answer(
          200, "application/json",
          result(said["id"], R"({"protocolVersion":"2025-11-25","capabilities":{}})"),
          "Mcp-Session-Id: s" + std::to_string(++sessions) + "\r\n"));
    }
    if (forgets > 0 && forgets-- > 0) return link.send(::test::answer(404, "", ""));
    if (status != 200) return link.send(::test::answer(status, "", ""));
    const auto body = result(said["id"], R"({"contents":[{"uri":"u","text":"hello"}]})");
    if (!streams) return link.send(::test::answer(200, "application/json", body));
    last = body;
    link.send(::test::stream_head());
    link.send("id: e1\nretry: 1\ndata:\n\n");
    if (!breaks) link.send("data: " + body + "\n\n");
    return false;
  }

  bool stream(connection& link, const std::string& text) {
    if (text.find("ast-Event-ID: e1") == std::string::npos) {
      return link.send(::test::answer(405, "", ""));
    }
    link.send(::test::stream_head());
    link.send("data: " + last + "\n\n");
    return false;
  }

  static std::string result(const json& id, const std::string& what) {
    return R"({"jsonrpc":"2.0","id":)" + id.dump() + R"(,"result":)" + what + "}";
  }
  bool saw(const std::string& what) {
    const std::lock_guard lock{mutex};
    for (const auto& one : seen) {
      if (one.find(what) != std::string::npos) return true;
    }
    return false;
  }
  std::string last{};
};

std::shared_ptr<mcp_client> client_of(const ::test::http_server& server) {
  return mcp_client::connect({.name = "web", .url = server.url("/mcp"), .restarts = 2});
}

}  // namespace

TEST_CASE("An MCP server over HTTP answers by JSON, by a stream, or by a stream that broke") {
  http_script script;
  script.streams = GENERATE(false, true);
  script.breaks = script.streams && GENERATE(false, true);
  ::test::http_server server{[&](connection& link) { script.play(link); }};
  const auto client = client_of(server);
  CHECK(client->protocol_version() == "2025-11-25");
  const auto found = client->read_resource("u");
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "hello");
  CHECK(script.saw("Mcp-Session-Id: s1"));
  CHECK(script.saw("MCP-Protocol-Version: 2025-11-25"));
  CHECK(script.saw("Accept: application/json, text/event-stream"));
}

TEST_CASE("A session that an MCP server over HTTP has forgotten is made anew") {
  http_script script;
  script.forgets = 1;
  ::test::http_server server{[&](connection& link) { script.play(link); }};
  const auto client = client_of(server);
  CHECK(client->read_resource("u")[0].text == "hello");
  CHECK(script.sessions == 2);
  CHECK(script.saw("Mcp-Session-Id: s2"));
}

TEST_CASE("A status of an MCP server over HTTP becomes the error of the call") {
  http_script script;
  const auto [status, code] = GENERATE(table<int, errc>({{401, errc::unauthorized},
                                                         {429, errc::rate_limited},
                                                         {500, errc::server_failed},
                                                         {400, errc::connection_failed}}));
  script.status = status;
  ::test::http_server server{[&](connection& link) { script.play(link); }};
  const auto client = client_of(server);
  try {
    static_cast<void>(client->read_resource("u"));
    FAIL("it was answered");
  } catch (const error& why) {
    CHECK(why.code() == code);
  }
}

}  // namespace mcp::test
