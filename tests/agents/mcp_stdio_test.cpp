#include "agents/waiting_call.hpp"
#include "mcp/agents/mcp_client.hpp"
#include "mcp_client/child_process.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace mcp::test {
namespace {

using std::chrono::milliseconds;

mcp_server_options hostile(const std::string& mode) {
  return {.name = "h",
          .command = MCP_TEST_BUILD_DIR "/tests/hostile_mcp_server",
          .arguments = {mode},
          .exit_grace = milliseconds{200},
          .restarts = 1,
          .max_message_bytes = 1 << 20};
}

errc failure_of(const std::string& mode) {
  const auto client = mcp_client::connect(hostile(mode));
  const auto how = begin(*client, "h_a_b_c")->wait();
  REQUIRE(how.second);
  UNSCOPED_INFO(how.second->message());
  return how.second->code();
}

errc refusal_of(mcp_server_options options) {
  try {
    static_cast<void>(mcp_client::connect(std::move(options)));
  } catch (const error& why) {
    UNSCOPED_INFO(why.message());
    return why.code();
  }
  FAIL("it was connected");
  return {};
}

}  // namespace

TEST_CASE("Tools of a stdio MCP server are ours, and bad ones are left out with a reason") {
  std::promise<std::string> log;
  std::once_flag once;
  auto options = hostile("");
  options.on_log = [&](std::string_view line) {
    std::call_once(once, [&] { log.set_value(std::string{line}); });
  };
  const auto client = mcp_client::connect(options);
  CHECK(log.get_future().get() == "hello from stderr");
  CHECK(client->protocol_version() == "2025-06-18");
  const tool_set set;
  client->put_tools(set);
  CHECK(set.names() == std::vector<std::string>{"h_a_b_c", "h_echo", "h_liar"});
  CHECK(client->left_out().size() == 5);
  const auto how = begin(*client, "h_echo", R"({"text":"x"})")->wait();
  REQUIRE(how.first);
  CHECK(how.first->content == "fine");
  CHECK(mcp::test::failure_of(*set.find("h_echo"), "{}").error.code() == errc::invalid_tool_call);
}

TEST_CASE("Hostile stdio MCP servers end in an error of the call") {
  CHECK(failure_of("endless") == errc::connection_failed);
  CHECK(failure_of("dies") == errc::connection_failed);
}

TEST_CASE("A stdio MCP server that talks nonsense, answers twice or floods is put up with") {
  const std::string mode = GENERATE("twice", "garbage", "deep", "flood");
  INFO(mode);
  const auto client = mcp_client::connect(hostile(mode));
  for (int round = 0; round < 2; ++round) {
    const auto how = begin(*client, "h_a_b_c")->wait();
    REQUIRE(how.first);
    CHECK(how.first->content == "fine");
  }
  if (mode == "garbage") CHECK(client->counts().malformed >= 3);
  if (mode == "deep") CHECK(client->counts().malformed >= 1);
  if (mode == "twice") CHECK(client->counts().unknown_answers >= 1);
  CHECK(client->counts().starts == 1);
}

TEST_CASE("A result that does not fit the tool's own output schema is refused") {
  const auto client = mcp_client::connect(hostile("liar"));
  const auto how = begin(*client, "h_liar")->wait();
  REQUIRE(how.second);
  CHECK(how.second->code() == errc::malformed_answer);
}

TEST_CASE("A stdio MCP server that never answers meets the timeout, and a cancel is at once") {
  auto options = hostile("silent");
  SECTION("timeout") {
    options.call_timeout = milliseconds{50};
    const auto client = mcp_client::connect(options);
    const auto how = begin(*client, "h_a_b_c")->wait();
    REQUIRE(how.second);
    CHECK(how.second->code() == errc::call_timeout);
  }
  SECTION("cancel") {
    const auto client = mcp_client::connect(options);
    const auto call = begin(*client, "h_a_b_c");
    call->cancel();
    const auto how = call->wait();
    REQUIRE(how.second);
    CHECK(how.second->code() == errc::cancelled);
  }
}

TEST_CASE("A stdio MCP server that dies is started again, until it has died too often") {
  const auto client = mcp_client::connect(hostile("dies"));
  CHECK(begin(*client, "h_a_b_c")->wait().second->code() == errc::connection_failed);
  CHECK(begin(*client, "h_a_b_c")->wait().second->code() == errc::connection_failed);
  const auto how = begin(*client, "h_a_b_c")->wait();
  REQUIRE(how.second);
  CHECK(how.second->code() == errc::connection_failed);
  CHECK(client->counts().starts == 2);
}

TEST_CASE("A stdio MCP server that cannot be used is refused by connect") {
  CHECK(refusal_of(hostile("dead")) == errc::connection_failed);
  CHECK(refusal_of(hostile("future")) == errc::malformed_answer);
  auto options = hostile("mute");
  options.connect_timeout = milliseconds{50};
  CHECK(refusal_of(options) == errc::call_timeout);
  options = hostile("");
  options.command = "/nowhere/at/all";
  CHECK(refusal_of(options) == errc::invalid_argument);
  options.command = "no-such-program-of-ours";
  CHECK(refusal_of(options) == errc::invalid_argument);
  options.command = "/";
  CHECK(refusal_of(options) == errc::invalid_argument);
  options.command = "";
  CHECK(refusal_of(options) == errc::invalid_argument);
}

TEST_CASE("Pages of an MCP server that lead in a circle end") {
  const auto client = mcp_client::connect(hostile("circle"));
  CHECK(client->tools().empty());
}

TEST_CASE("A stdio MCP server that ignores SIGTERM is killed, and its tools fail afterwards") {
  const tool_set set;
  {
    const auto client = mcp_client::connect(hostile("stubborn"));
    client->put_tools(set);
  }
  CHECK(mcp::test::failure_of(*set.find("h_a_b_c"), "{}").error.code() == errc::connection_failed);
}

TEST_CASE("A child process gets its environment, folder and limits, and tells how it ended") {
  protocol::child_process child{{.command = "sh",
                                 .arguments = {"-c",
                                               "test \"$(env | grep -c SECRET)\" = 1 && "
                                               "test \"$PWD\" = / && "
                                               "test $(ulimit -n) = 64 && exit 7"},
                                 .environment = {"SECRET=1", "PATH=/usr/bin:/bin"},
                                 .working_folder = "/",
                                 .max_open_files = 64}};
  CHECK(child.wait(std::chrono::seconds{30}));
  CHECK(child.finish() == "exited with status 7");
}

TEST_CASE("A listener hears of a server's tools under the server's own names") {
  const auto client = mcp_client::connect(hostile("fine"));
  std::vector<std::string> heard;
  client->watch_tools([&heard](const std::vector<mcp_server_tool>& now) {
    for (const auto& one : now) heard.push_back(one.name + "=" + one.tool->description().name);
  });
  CHECK(heard == std::vector<std::string>{"echo=h_echo", "liar=h_liar", "a.b/c=h_a_b_c"});
  CHECK(mcp_tool_name("h", "a.b/c") == "h_a_b_c");
  CHECK(mcp_tool_name("", "echo") == "echo");
}

}  // namespace mcp::test
