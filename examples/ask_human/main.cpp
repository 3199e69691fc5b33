// A node asks a person. The run stops there and waits, for a second or a year; whoever resumes it
// brings the answer, which is typed. Here the program plays the person.
//
//   start --> compose --> approve --> end
//                            ? (asks)

#include <iostream>
#include <string>

#include <mcp/mcp.hpp>

struct State {
  std::string draft{};
  std::string sent{};
};
MCP_STATE(State, draft, sent)

struct Verdict {  // what the person answers
  bool approved = false;
  std::string remark{};
};
MCP_STRUCT(Verdict, approved, remark)

State compose(State s) {
  s.draft = "Dear customer, no.";
  return s;
}
State approve(State s, mcp::context& ctx) {
  const auto verdict = ctx.ask<Verdict>("May I send: " + s.draft);
  s.sent = verdict.approved ? s.draft : "(not sent: " + verdict.remark + ")";
  return s;
}

int main() {
  const auto graph = mcp::graph<State>("ask_human")
                         .node("compose", compose)
                         .node("approve", approve)
                         .entry_point("compose")
                         .edge("compose", "approve")
                         .finish_point("approve");
  mcp::executor<State> executor{graph, {.store = mcp::in_memory_checkpoint_store()}};

  const auto stopped = executor.start(State{}, {.thread_id = "letter"}).join();
  std::cout << name(stopped.status()) << ": " << stopped.interrupts().at(0).question << '\n';

  try {  // an answer of the wrong shape is refused, and the run still waits
    static_cast<void>(executor.resume("letter", mcp::answers::only("yes")).join());
  } catch (const mcp::error& refused) {
    std::cout << "refused: " << mcp::name(refused.code()) << '\n';
  }
  const Verdict verdict{.approved = false, .remark = "be kinder"};
  const auto done = executor.resume("letter", mcp::answers::only(verdict)).join();
  std::cout << name(done.status()) << ": " << done.state().sent << '\n';
}
