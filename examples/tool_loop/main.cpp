// A model that calls tools until it can answer. The model is scripted; a real one goes where
// `model` is. The store remembers the conversation of a thread from run to run.
//
//   start --> model --(it asked for a tool)--> tools --> model --(else)--> end

#include <iostream>
#include <string>
#include <vector>

#include <mcp/mcp.hpp>

struct State {
  std::vector<mcp::message> chat{};
};
MCP_STATE(State, (chat, mcp::add_messages))
using Update = mcp::update<State>;

Update model(const State& s) {
  const auto& last = s.chat.back();
  if (last.role == "tool") {
    return Update{}.append(&State::chat, mcp::assistant_message("It is " + last.content + "."));
  }
  if (last.content == "Thanks!") {
    const auto heard = std::to_string(s.chat.size());
    return Update{}.append(&State::chat,
                           mcp::assistant_message("Welcome! I remember " + heard + " messages."));
  }
  auto call = mcp::assistant_message("");
  call.tool_calls = {{.id = "call-1", .name = "add", .arguments = "[19,23]"}};
  return Update{}.append(&State::chat, std::move(call));
}

Update tools(const State& s) {
  Update change;
  for (const auto& call : s.chat.back().tool_calls) {
    int sum = 0;
    for (const int n : mcp::from_json<std::vector<int>>(call.arguments)) sum += n;
    change.append(&State::chat, mcp::message{.role = "tool",
                                             .content = std::to_string(sum),
                                             .tool_call_id = call.id,
                                             .name = call.name});
  }
  return change;
}

int main() {
  auto graph = mcp::graph<State>("tool_loop").node("model", model).node("tools", tools);
  graph.entry_point("model").edge("tools", "model").router("model", [](const State& s) {
    return s.chat.back().tool_calls.empty() ? mcp::routes{mcp::end} : mcp::routes{"tools"};
  });
  mcp::executor<State> executor{graph, {.store = mcp::in_memory_checkpoint_store()}};
  executor.run({.chat = {mcp::user_message("What is 19 + 23?")}}, {.thread_id = "ada"});
  const auto state = executor.run({.chat = {mcp::user_message("Thanks!")}}, {.thread_id = "ada"});
  for (const auto& m : state.chat) {
    std::cout << m.role << ": " << (m.tool_calls.empty() ? m.content : m.tool_calls[0].name + "()")
              << '\n';
  }
}
