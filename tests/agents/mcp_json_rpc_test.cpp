#include "mcp_client/json_rpc.hpp"
#include "mcp_client/line_splitter.hpp"
#include "mcp_client/remote_tool.hpp"
#include "mcp_client/restart_window.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace mcp::protocol {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr io::steady_time begin{};
const rpc_patience patient{milliseconds{100}, milliseconds{250}};

std::string result(rpc_id id) {
  return json_rpc::answer(id, {{"fine", true}});
}

}  // namespace

TEST_CASE("A JSON-RPC request gets the answer with its id, once") {
  json_rpc rpc;
  const auto first = rpc.request("a", json::object(), patient, false, begin);
  const auto second = rpc.request("b", json::object(), patient, false, begin);
  CHECK(json::parse(first.text)["method"] == "a");
  const auto events = rpc.receive(result(second.id), begin);
  REQUIRE(events.size() == 1);
  CHECK(std::get<rpc_answered>(events[0]).id == second.id);
  CHECK(std::get<json>(std::get<rpc_answered>(events[0]).outcome)["fine"] == true);
  CHECK(rpc.receive(result(second.id), begin).empty());
  CHECK(rpc.receive(result(77), begin).empty());
  CHECK(rpc.receive(R"({"jsonrpc":"2.0","id":"1","result":1})", begin).empty());
  CHECK(rpc.counts().unknown_answers == 3);
  CHECK(rpc.counts().malformed == 0);
  CHECK(rpc.pending() == 1);
}

TEST_CASE("A JSON-RPC error becomes a failure with the far end's words") {
  json_rpc rpc;
  const auto asked = rpc.request("a", nullptr, patient, false, begin);
  const auto events = rpc.receive(json_rpc::refusal(asked.id, -32602, "no such tool"), begin);
  REQUIRE(events.size() == 1);
  const auto why = std::get<error>(std::get<rpc_answered>(events[0]).outcome);
  CHECK(why.code() == errc::tool_failed);
  CHECK(why.message().find("-32602: no such tool") != std::string::npos);
}

TEST_CASE("JSON-RPC messages that do not fit are counted and dropped") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "nonsense", "7", "[]", "{}", R"({"jsonrpc":"1.0","method":"a"})",
      R"({"jsonrpc":"2.0","method":7})", R"({"jsonrpc":"2.0","method":"a","params":[1]})",
      R"({"jsonrpc":"2.0","id":[],"method":"a"})", R"({"jsonrpc":"2.0","id":1})",
      R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", R"({"jsonrpc":"2.0","result":1})",
      R"({"jsonrpc":"2.0","id":1,"error":"no"})", std::string(10'000, '['),
      R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(10'000, '[') + std::string(10'000, ']') +
          "}",
      "[" + std::string(3 * rpc_limits::batch, '1') + "]");
  INFO(text.substr(0, 80));
  json_rpc rpc;
  static_cast<void>(rpc.request("a", nullptr, patient, false, begin));
  CHECK(rpc.receive(text, begin).empty());
  CHECK(rpc.counts().malformed == 1);
  CHECK(rpc.pending() == 1);
}

TEST_CASE("JSON of too many values is refused before a tree of them exists") {
  std::string many = "[";
  for (std::size_t i = 0; i < rpc_limits::values; ++i) many += "0,";
  many += "0]";
  try {
    static_cast<void>(parse_message(many));
    FAIL("it was read");
  } catch (const error& why) {
    CHECK(why.code() == errc::too_large);
  }
}

TEST_CASE("A JSON-RPC batch is taken apart") {
  json_rpc rpc;
  const auto asked = rpc.request("a", nullptr, patient, false, begin);
  const auto events = rpc.receive(
      "[" + result(asked.id) + "," + json_rpc::notification("n", json::object()) + ",3]", begin);
  REQUIRE(events.size() == 2);
  CHECK(std::get<rpc_notified>(events[1]).method == "n");
  CHECK(rpc.counts().malformed == 1);
}

TEST_CASE("Progress moves the deadline of a request, but not beyond the last") {
  json_rpc rpc;
  const auto asked = rpc.request("a", json::object(), patient, true, begin);
  CHECK(json::parse(asked.text)["params"]["_meta"]["progressToken"] == asked.id);
  CHECK(rpc.next_deadline() == begin + milliseconds{100});
  const auto progress = json_rpc::notification(
      "notifications/progress", {{"progressToken", asked.id}, {"progress", 1}, {"total", 4}});
  const auto events = rpc.receive(progress, begin + milliseconds{90});
  REQUIRE(events.size() == 1);
  CHECK(std::get<rpc_progressed>(events[0]).total == 4.0);
  CHECK(rpc.next_deadline() == begin + milliseconds{190});
  CHECK(rpc.expired(begin + milliseconds{189}).empty());
  static_cast<void>(rpc.receive(progress, begin + milliseconds{180}));
  CHECK(rpc.next_deadline() == begin + milliseconds{250});
  const auto late = rpc.expired(begin + milliseconds{250});
  REQUIRE(late.size() == 1);
  CHECK(std::get<error>(late[0].outcome).code() == errc::call_timeout);
  CHECK(rpc.receive(result(asked.id), begin).empty());
  CHECK(rpc.counts().unknown_answers == 1);
}

TEST_CASE("Requests that wait and bytes of a message are bounded") {
  json_rpc rpc{{.message_bytes = 100, .pending = 2}};
  CHECK_THROWS_AS(rpc.request("a", std::string(100, 'x'), patient, false, begin), error);
  CHECK(rpc.pending() == 0);
  static_cast<void>(rpc.request("a", nullptr, patient, false, begin));
  const auto second = rpc.request("a", nullptr, patient, false, begin);
  CHECK_THROWS_AS(rpc.request("a", nullptr, patient, false, begin), error);
  CHECK(rpc.forget(second.id));
  CHECK_FALSE(rpc.forget(second.id));
  CHECK_NOTHROW(rpc.request("a", nullptr, patient, false, begin));
  CHECK(rpc.receive(std::string(101, ' ') + "{}", begin).empty());
  CHECK(rpc.counts().malformed == 1);
}

TEST_CASE("Lines come whole however they are cut, and a long one is dropped") {
  std::vector<std::string> lines;
  line_splitter splitter{4};
  bool fits = true;
  for (const char c : std::string{"ab\r\n\ncdefg\nhi\n"}) {
    fits = splitter.feed(std::string_view{&c, 1}, [&](auto l) { lines.emplace_back(l); }) && fits;
  }
  CHECK_FALSE(fits);
  CHECK(lines == std::vector<std::string>{"ab", "hi"});
}

TEST_CASE("A server is started again so many times in a period, each time later") {
  restart_window window{2, seconds{60}};
  CHECK(window.next(begin) == milliseconds{100});
  CHECK(window.next(begin + seconds{1}) == milliseconds{200});
  CHECK_FALSE(window.next(begin + seconds{2}));
  CHECK(window.next(begin + seconds{60}) == milliseconds{200});
}

TEST_CASE("Names of remote tools fit what models take, and stay apart when cut") {
  CHECK(tool_name("files", "read.file/now") == "files_read_file_now");
  CHECK(tool_name("", "a") == "a");
  const auto one = tool_name("s", std::string(100, 'x') + "1");
  const auto two = tool_name("s", std::string(100, 'x') + "2");
  CHECK(one.size() == remote_limits::name_bytes);
  CHECK(one != two);
}

TEST_CASE("Results of remote tools become text") {
  CHECK(result_of(json::parse(R"({"content":[{"type":"text","text":"a"},
      {"type":"image","mimeType":"image/png","data":"AAAA"}],"isError":true})"),
                  {}) == tool_result{"a\n[image image/png, 4 bytes in base64, not shown]", true});
  CHECK(result_of(json::parse(R"({"content":[],"structuredContent":{"n":1}})"), {}).content ==
        R"({"n":1})");
  CHECK_THROWS_AS(result_of(json::parse(R"({"content":[{"type":"odd"}]})"), {}), error);
  CHECK_THROWS_AS(result_of(json::parse(R"({"content":7})"), {}), error);
  CHECK_THROWS_AS(result_of(json::parse("[]"), {}), error);
}

}  // namespace mcp::protocol
