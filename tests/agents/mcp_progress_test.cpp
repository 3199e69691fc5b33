#include "agents/mcp_http_script.hpp"
#include "agents/waiting_call.hpp"
#include "mcp/agents/tool_node.hpp"
#include "mcp/mcp.hpp"
#include "mcp_client/remote_call.hpp"
#include "support/catch.hpp"

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::test {
namespace {

using ::test::connection;
using ::test::stream_head;

struct chat {
  std::vector<message> messages{};
};
MCP_STATE(chat, (messages, mcp::add_messages))

/// A model that calls `name` once and is then content.
graph<chat> one_call(const tool_set& tools, const std::string& name, node_options options = {}) {
  return graph<chat>("chat")
      .node("llm",
            [name](const chat& s) {
              auto said = assistant_message("done");
              if (s.messages.size() < 2) {
                said.tool_calls = {{.id = "c1", .name = name, .arguments = "{}"}};
              }
              return update<chat>{}.append(&chat::messages, said);
            })
      .node("tools", tool_node(tools, &chat::messages), std::move(options))
      .entry_point("llm")
      .router("llm", tools_router(&chat::messages, "tools"), {"tools", end})
      .edge("tools", "llm");
}

struct shown_run {
  std::vector<tool_progress> shown{};
  std::string result{};
};

shown_run run_of(const tool_set& tools, const std::string& name, std::string traceparent = {}) {
  executor<chat> runs{one_call(tools, name)};
  const auto run = runs.start({.messages = {user_message("hello")}},
                              {.events = static_cast<event_mask>(event_kind::custom),
                               .traceparent = std::move(traceparent)});
  const auto ended = run.join();
  ended.check();
  shown_run out;
  auto events = run.stream();
  while (const auto event = events.next()) {
    if (event->name != "tool_progress") continue;
    CHECK(event->node == "tools");
    out.shown.push_back(from_json<tool_progress>(event->json));
  }
  out.result = ended.state().messages.at(2).content;
  return out;
}

shown_run run_of(mcp_client& client, const std::string& name, std::string traceparent = {}) {
  const tool_set tools;
  client.put_tools(tools);
  return run_of(tools, name, std::move(traceparent));
}

std::vector<tool_progress> three_steps(const std::string& tool) {
  return {{tool, "c1", 1, 10, "at 1"}, {tool, "c1", 2, 10, "at 2"}, {tool, "c1", 3, 10, "at 3"}};
}

mcp_server_options stdio(const std::string& mode) {
  return {
      .name = "h", .command = MCP_TEST_BUILD_DIR "/tests/hostile_mcp_server", .arguments = {mode}};
}

}  // namespace

TEST_CASE("Progress of a call of an MCP server over stdio is shown as events of the run") {
  const auto client = mcp_client::connect(stdio("progress"));
  const auto ended = run_of(*client, "h_a_b_c");
  CHECK(ended.shown == three_steps("h_a_b_c"));
  CHECK(ended.result == "fine");
}

TEST_CASE("Progress of a call of an MCP server over HTTP is shown as events of the run") {
  http_mcp_server server{{{"tools/call", [](connection& link, const heard_request& request) {
                             link.send(stream_head());
                             for (int i = 1; i <= 3; ++i) link.send(event(progress(request, i)));
                             link.send(event(request.result(fine)));
                             return false;
                           }}}};
  const auto client = mcp_client::connect(server.options());
  const auto ended = run_of(*client, "web_work");
  CHECK(ended.shown == three_steps("web_work"));
  CHECK(ended.result == "fine");
}

TEST_CASE("A call of an MCP server within a trace says where in it, beside the progress token") {
  http_mcp_server server;
  const auto client = mcp_client::connect(server.options());
  const auto meta_of_last = [&] {
    const auto text = server.last("tools/call");
    return nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4))["params"]["_meta"];
  };
  const std::string callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(run_of(*client, "web_work", callers).result == "fine");
  CHECK(meta_of_last()["traceparent"] == callers);
  CHECK(meta_of_last().contains("progressToken"));
  CHECK(run_of(*client, "web_work").result == "fine");
  CHECK_FALSE(meta_of_last().contains("traceparent"));
}

TEST_CASE("A call of an MCP server brings its idempotency key") {
  http_mcp_server server;
  const auto client = mcp_client::connect(server.options());
  const auto key_of_last = [&] {
    const auto text = server.last("tools/call");
    const auto meta =
        nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4))["params"]["_meta"];
    return meta.at("fastmcp/idempotency-key").get<std::string>();
  };
  run_of(*client, "web_work");
  const auto first = key_of_last();
  CHECK_THAT(first, Catch::Matchers::EndsWith("/c1"));
  run_of(*client, "web_work");
  CHECK(key_of_last() != first);
  CHECK(begin(*client, "web_work")->wait().first);
  CHECK(key_of_last() == "call");
}

TEST_CASE("Progress of an MCP tool bears the name by which it was called") {
  class renamed final : public tool {
   public:
    explicit renamed(std::shared_ptr<tool> inner)
        : inner_(std::move(inner)), description_(inner_->description()) {
      description_.name = "other";
    }
    [[nodiscard]] const tool_description& description() const noexcept override {
      return description_;
    }
    [[nodiscard]] const tool_options& options() const noexcept override {
      return inner_->options();
    }
    void start(const std::string& arguments, tool_reply reply) override {
      inner_->start(arguments, std::move(reply));
    }

   private:
    std::shared_ptr<tool> inner_;
    tool_description description_;
  };
  const auto client = mcp_client::connect(stdio("progress"));
  const tool_set own;
  client->put_tools(own);
  const tool_set tools{std::make_shared<renamed>(own.find("h_a_b_c"))};
  CHECK(run_of(tools, "other").shown == three_steps("other"));
}

TEST_CASE("An MCP server that reports progress without pause is shown as often as may be") {
  const auto client = mcp_client::connect(stdio("restless"));
  const auto call = begin(*client, "h_a_b_c");
  CHECK(call->wait().first);
  const auto shown = call->fake.events().size();
  CHECK(shown >= protocol::remote_call::progress_burst);
  CHECK(shown < 5000);
  CHECK(shown + call->fake.heartbeats() == 5000);
}

TEST_CASE(
    "Progress of an MCP call beyond the allowance is a sign of life, and none after its end") {
  auto port = std::make_shared<waiting_port>();
  using protocol::remote_call;
  remote_call call{"t", std::make_shared<const std::optional<json_schema>>(), tool_reply{port}};
  const io::steady_time now{milliseconds{1000}};
  for (int i = 0; i < remote_call::progress_burst + 5; ++i) call.show({.progress = 1.0 * i}, now);
  CHECK(port->fake.events().size() == remote_call::progress_burst);
  CHECK(port->fake.heartbeats() == 5);
  call.end(error{errc::tool_failed, "over"});
  call.show({.progress = 1}, now + milliseconds{10'000});
  CHECK(port->fake.events().size() == remote_call::progress_burst);
  CHECK(port->fake.heartbeats() == 5);
  CHECK(port->wait().second->code() == errc::tool_failed);
}

TEST_CASE("A log message of an MCP server over stdio is shown") {
  auto options = stdio("log");
  std::promise<void> heard;
  std::once_flag once;
  options.on_log = [&](std::string_view line) {
    if (line == "MCP server \"h\" (info): [1]") std::call_once(once, [&] { heard.set_value(); });
  };
  const auto client = mcp_client::connect(options);
  CHECK(begin(*client, "h_a_b_c")->wait().first);
  heard.get_future().wait();
}

}  // namespace mcp::test
