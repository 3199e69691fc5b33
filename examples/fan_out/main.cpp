// Fan-out and reduce: one task for each word, side by side, each with an input of its own; reducers
// merge what they write, in the order of the sends and not of their completion.
//
//           .--> measure("one") ---.
//   start --+--> measure("two") ---+--> report --> end
//           '--> measure("three") -'

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <mcp/mcp.hpp>

struct State {
  std::string text{};
  std::vector<std::string> lengths{};
  int total = 0;
  std::string report{};
};
MCP_STATE(State, text, (lengths, mcp::append), (total, mcp::sum), report)

struct Word {  // the input of one task
  std::string content{};
};
MCP_STRUCT(Word, content)

mcp::routes split(const State& s) {
  mcp::routes to;
  std::istringstream words{s.text};
  for (std::string word; words >> word;) to.add(mcp::send("measure", Word{word}));
  return to;
}

mcp::update<State> measure(const Word& word) {
  const auto size = static_cast<int>(word.content.size());
  return mcp::update<State>{}
      .append(&State::lengths, word.content + "=" + std::to_string(size))
      .set(&State::total, size);
}

State report(State s) {
  for (const auto& one : s.lengths) s.report += one + ' ';
  s.report += "total=" + std::to_string(s.total);
  return s;
}

int main() {
  const auto graph = mcp::graph<State>("fan_out")
                         .node("measure", measure)
                         .node("report", report)
                         .router(mcp::start, split, {"measure"})
                         .edge("measure", "report")
                         .finish_point("report");
  mcp::executor<State> executor{graph};
  std::cout << executor.run({.text = "one two three four"}).report << '\n';
}
