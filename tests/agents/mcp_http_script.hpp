#pragma once

#include "agents/http_server.hpp"
#include "mcp/agents/mcp_client.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::test {

/// A request that an MCP server over HTTP got.
struct heard_request {
  std::string text{};
  std::string what{};  ///< the method of the message; "answer" of an answer; GET; DELETE
  nlohmann::json said{};

  explicit heard_request(std::string given) : text(std::move(given)) {
    what = text.substr(0, text.find(' '));
    if (what != "POST") return;
    said = nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4));
    what = said.value("method", "answer");
  }
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = text.find("\r\n" + name + ": ");
    if (at == std::string::npos || at > text.find("\r\n\r\n")) return {};
    const auto begin = at + name.size() + 4;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  }
  [[nodiscard]] std::string id() const { return said["id"].dump(); }
  /// A message that answers this one.
  [[nodiscard]] std::string result(const std::string& json) const {
    return R"({"jsonrpc":"2.0","id":)" + id() + R"(,"result":)" + json + "}";
  }
};

inline std::string event(const std::string& data, const std::string& more = "") {
  return more + "data: " + data + "\n\n";
}
inline std::string notification(const std::string& method, const std::string& params = "{}") {
  return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + "}";
}
inline std::string progress(const heard_request& of, int done) {
  return notification("notifications/progress",
                      R"({"progressToken":)" + of.id() + R"(,"progress":)" + std::to_string(done) +
                          R"(,"total":10,"message":"at )" + std::to_string(done) + "\"}");
}

inline const std::string fine = R"({"content":[{"type":"text","text":"fine"}]})";
inline const std::string accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

/// An MCP server over HTTP on the loopback that does everything by the book, but for what a test
/// takes into its own hands. It keeps sessions, counts requests, and complains about a client that
/// breaks the protocol.
class http_mcp_server {
 public:
  /// False: the connection is closed.
  using handler = std::function<bool(::test::connection&, const heard_request&)>;

  /// `unknown_session`: the status of what is sent in a session that was forgotten.
  explicit http_mcp_server(std::map<std::string, handler> by_test = {}, int unknown_session = 404)
      : by_test_(std::move(by_test)), unknown_session_(unknown_session) {}
  http_mcp_server(const http_mcp_server&) = delete;
  http_mcp_server& operator=(const http_mcp_server&) = delete;

  [[nodiscard]] std::string url() const { return server_.url("/mcp"); }
  [[nodiscard]] mcp_server_options options() const { return {.name = "web", .url = url()}; }

  void forget_sessions() {
    const std::lock_guard lock{mutex_};
    known_.clear();
  }
  [[nodiscard]] int count(const std::string& what) {
    const std::lock_guard lock{mutex_};
    return counts_[what];
  }
  /// Waits until so many of these requests have come.
  void wait_for(const std::string& what, int times) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return counts_[what] >= times; });
  }
  [[nodiscard]] std::vector<std::string> complaints() {
    const std::lock_guard lock{mutex_};
    return complaints_;
  }
  /// The last request of this kind.
  [[nodiscard]] std::string last(const std::string& what) {
    const std::lock_guard lock{mutex_};
    return last_[what];
  }
  void set_tools(std::vector<std::string> names) {
    const std::lock_guard lock{mutex_};
    tools_ = std::move(names);
  }
  /// By the book.
  bool answer(::test::connection& link, const heard_request& request);

 private:
  void play(::test::connection& link) {
    for (auto text = link.read_request(); !text.empty(); text = link.read_request()) {
      const heard_request request{std::move(text)};
      if (!keep(request)) {
        if (!link.send(::test::answer(unknown_session_, "", ""))) return;
        continue;
      }
      const auto found = by_test_.find(request.what);
      const bool more =
          found != by_test_.end() ? found->second(link, request) : answer(link, request);
      if (!more) return;
    }
  }
  bool keep(const heard_request& request);
  std::string tool_list();

  std::map<std::string, handler> by_test_;
  int unknown_session_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
  std::map<std::string, std::string> last_;
  std::vector<std::string> complaints_;
  std::vector<std::string> tools_{"work"};
  std::set<std::string> known_;  ///< sessions
  std::set<std::string> ready_;  ///< those whose handshake is over
  int sessions_ = 0;
  ::test::http_server server_{[this](::test::connection& link) { play(link); }};
};

/// False: the session is not known.
inline bool http_mcp_server::keep(const heard_request& request) {
  const std::lock_guard lock{mutex_};
  ++counts_[request.what];
  last_[request.what] = request.text;
  changed_.notify_all();
  const auto complain = [&](const std::string& why) {
    complaints_.push_back(request.what + ": " + why);
  };
  const bool posts = request.text.starts_with("POST");
  if (posts && request.header("Accept") != "application/json, text/event-stream") {
    complain("Accept");
  }
  if (request.what == "GET" && request.header("Accept") != "text/event-stream") complain("Accept");
  if (request.what == "initialize") return true;
  if (request.header("MCP-Protocol-Version") != "2025-11-25") complain("MCP-Protocol-Version");
  const auto session = request.header("Mcp-Session-Id");
  if (session.empty()) complain("no session");
  if (request.what == "notifications/initialized") ready_.insert(session);
  if (ready_.count(session) == 0) complain("before the end of the handshake");
  return known_.count(session) > 0;
}

inline std::string http_mcp_server::tool_list() {
  const std::lock_guard lock{mutex_};
  auto list = nlohmann::json::array();
  for (const auto& name : tools_) {
    list.push_back({{"name", name}, {"inputSchema", {{"type", "object"}}}});
  }
  return nlohmann::json{{"tools", list}}.dump();
}

inline bool http_mcp_server::answer(::test::connection& link, const heard_request& request) {
  using ::test::answer;
  const auto json_type = "application/json";
  if (request.what == "GET") return link.send(answer(405, "", ""));
  if (request.what == "DELETE") return link.send(answer(200, "", ""));
  if (request.what == "tools/list") {
    return link.send(answer(200, json_type, request.result(tool_list())));
  }
  if (request.what == "tools/call") return link.send(answer(200, json_type, request.result(fine)));
  if (request.what != "initialize") return link.send(accepted);
  std::string session;
  {
    const std::lock_guard lock{mutex_};
    session = "s" + std::to_string(++sessions_);
    known_.insert(session);
  }
  return link.send(
      answer(200, json_type,
             request.result(R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}}})"),
             "Mcp-Session-Id: " + session + "\r\n"));
}

}  // namespace mcp::test
