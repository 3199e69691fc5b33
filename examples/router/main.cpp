// A router: a function of the state that picks the next node by name.
//
//            .--> refund --.
//   triage --+--> repair --+--> end
//            '-------------'

#include <iostream>
#include <string>

#include <mcp/mcp.hpp>

struct State {
  std::string letter{};
  std::string topic{};
  std::string reply = "We have put your letter in a drawer.";
};
MCP_STATE(State, letter, topic, reply)

State triage(State s) {
  const auto says = [&](const char* word) { return s.letter.find(word) != std::string::npos; };
  s.topic = says("money") ? "refund" : says("broken") ? "repair" : "other";
  return s;
}
State refund(State s) {
  s.reply = "The money is on its way.";
  return s;
}
State repair(State s) {
  s.reply = "Please send it in.";
  return s;
}

mcp::routes by_topic(const State& s) {
  if (s.topic == "other") return mcp::end;
  return s.topic;
}

int main() {
  const auto graph = mcp::graph<State>("letters")
                         .node("triage", triage)
                         .node("refund", refund)
                         .node("repair", repair)
                         .entry_point("triage")
                         .router("triage", by_topic, {"refund", "repair", mcp::end})
                         .finish_point("refund")
                         .finish_point("repair");
  mcp::executor<State> executor{graph};
  for (const auto* letter : {"I want my money back", "It came broken", "Nice weather"}) {
    std::cout << letter << ": " << executor.run({.letter = letter}).reply << '\n';
  }
}
