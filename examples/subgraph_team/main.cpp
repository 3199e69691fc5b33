// A graph as a node of another graph. Each has a state of its own; two functions carry what matters
// across the border, and a node inside may send a command to the graph around it.
//
//   start --> desk[ research --> check ] --> publish --> end
//               ^                  '.....(too thin).....> ask_again
//               '---------------------------------------------'

#include <iostream>
#include <string>
#include <vector>

#include <mcp/mcp.hpp>

struct Paper {
  std::string topic{};
  int depth = 1;
  std::vector<std::string> log{};
};
MCP_STATE(Paper, topic, depth, (log, mcp::append))
using Change = mcp::update<Paper>;

struct Desk {
  std::string topic{};
  int depth = 0;
  std::vector<std::string> facts{};
};
MCP_STATE(Desk, topic, depth, facts)

Desk research(Desk s) {
  for (int i = 1; i <= s.depth; ++i) s.facts.push_back(s.topic + " fact " + std::to_string(i));
  return s;
}
mcp::command<Paper> check(const Desk& s) {  // a command for the graph around this one
  mcp::command<Paper> leave{Change{}.append(&Paper::log, s.facts.back())};
  return leave.go_to(s.facts.size() < 3 ? "ask_again" : "publish");
}
Change ask_again(const Paper& s) {
  return Change{}.set(&Paper::depth, s.depth + 1).append(&Paper::log, "too thin");
}
Change publish(const Paper&) {
  return Change{}.append(&Paper::log, "published");
}

int main() {
  mcp::graph<Desk> desk{"desk"};
  desk.node("research", research).node("check", check);
  desk.entry_point("research").edge("research", "check").finish_point("check");

  const auto enter = [](const Paper& s) { return Desk{s.topic, s.depth, {}}; };
  const auto leave = [](const Desk& s) { return Change{}.set(&Paper::log, s.facts); };
  mcp::graph<Paper> paper{"paper"};
  paper.node("desk", mcp::subgraph(desk, enter, leave), {.destinations = {"publish", "ask_again"}});
  paper.node("ask_again", ask_again).node("publish", publish);
  paper.entry_point("desk").edge("ask_again", "desk").finish_point("publish");

  mcp::executor<Paper> executor{paper};
  for (const auto& line : executor.run({.topic = "owls"}).log) std::cout << line << '\n';
}
