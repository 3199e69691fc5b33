// A client for try_everything: talks to the real server-everything, and says what it saw.
// Usage: everything_client INDEX.JS | everything_client URL
#include "mcp/agents/mcp_client.hpp"
#include "mcp/agents/tool_node.hpp"
#include "mcp/mcp.hpp"

#include <future>
#include <iostream>
#include <mutex>
#include <string>

namespace {

struct one_call {
  std::vector<mcp::message> messages{};
};
MCP_STATE(one_call, (messages, mcp::add_messages))

/// The result of a call within a run, and how many events of progress the run showed.
std::pair<std::string, int> call(mcp::mcp_client& client, const std::string& name,
                                 const std::string& arguments) {
  const mcp::tool_set tools;
  client.put_tools(tools);
  mcp::executor<one_call> runs{
      mcp::graph<one_call>("call")
          .node("ask",
                [=](const one_call&) {
                  auto said = mcp::assistant_message("");
                  said.tool_calls = {{"c1", name, arguments}};
                  return mcp::update<one_call>{}.append(&one_call::messages, said);
                })
          .node("tools", mcp::tool_node(tools, &one_call::messages))
          .entry_point("ask")
          .router("ask", mcp::tools_router(&one_call::messages), {"tools", mcp::end})};
  const auto run =
      runs.start({}, {.events = static_cast<mcp::event_mask>(mcp::event_kind::custom)});
  const auto ended = run.join();
  ended.check();
  int shown = 0;
  auto events = run.stream();
  while (const auto event = events.next()) shown += event->name == "tool_progress" ? 1 : 0;
  return {ended.state().messages.back().content, shown};
}

void check(bool fine, const std::string& what) {
  std::cout << (fine ? "fine: " : "WRONG: ") << what << std::endl;
  if (!fine) throw std::runtime_error{what};
}

void talk(const std::string& where) {
  std::promise<void> logged;
  std::once_flag once;
  mcp::mcp_server_options options{.name = "e"};
  if (where.starts_with("http")) {
    options.url = where;
  } else {
    options.command = "node";
    options.arguments = {where, "stdio"};
  }
  options.on_log = [&](std::string_view line) {
    if (!line.starts_with("MCP server \"e\" (")) return;
    std::cout << "log: " << line << std::endl;
    std::call_once(once, [&] { logged.set_value(); });
  };
  const auto client = mcp::mcp_client::connect(options);
  check(client->protocol_version() == "2025-11-25", "protocol " + client->protocol_version());
  check(client->tools().size() > 5, std::to_string(client->tools().size()) + " tools");
  check(client->left_out().empty(), std::to_string(client->left_out().size()) + " left out");
  for (const auto& one : client->left_out()) std::cout << one.name << ": " << one.reason << '\n';
  check(call(*client, "e_echo", R"({"message":"hello"})").first == "Echo: hello", "echo");
  const auto sum = call(*client, "e_get-sum", R"({"a":2,"b":3})").first;
  check(sum.find('5') != std::string::npos, sum);
  const auto [text, shown] =
      call(*client, "e_trigger-long-running-operation", R"({"duration":1,"steps":4})");
  check(shown == 4, text + " " + std::to_string(shown) + " events of progress");
  const auto resources = client->resources();
  check(!resources.empty(), std::to_string(resources.size()) + " resources");
  check(!client->read_resource(resources.front().uri).empty(), resources.front().uri);
  check(!client->prompts().empty(), std::to_string(client->prompts().size()) + " prompts");
  check(call(*client, "e_toggle-simulated-logging", "{}").first.find("Started") == 0, "logging");
  logged.get_future().wait();
  check(client->counts().starts == 1 && client->counts().malformed == 0, "one session");
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 2) return 2;
  try {
    talk(argv[1]);
    return 0;
  } catch (const std::exception& why) {
    std::cout << "failed: " << why.what() << std::endl;
    return 1;
  }
}
