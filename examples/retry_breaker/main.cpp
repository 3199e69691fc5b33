// A service that fails: attempts are repeated with growing pauses; after enough failures the
// breaker opens and the service is not even called; a fallback node answers in its place.
//
//   start --> service --> end
//                '.....(gave up).....> cached_answer

#include <atomic>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <mcp/mcp.hpp>

struct State {
  std::string answer{};
};
MCP_STATE(State, answer)

/// A node as a class: what it shares with the world comes with it.
struct Service {
  std::shared_ptr<std::atomic<int>> calls;
  int failures;

  State operator()(State s, mcp::context& ctx) const {
    if (++*calls <= failures) throw std::runtime_error{"no connection"};
    s.answer = "fresh, attempt " + std::to_string(ctx.attempt());
    return s;
  }
};

State cached_answer(State s, mcp::context& ctx) {
  s.answer = "from the cache, because: " + std::string{name(ctx.failure()->code())};
  return s;
}

void show(const std::string& title, int failures, int runs) {
  auto calls = std::make_shared<std::atomic<int>>(0);
  mcp::node_options options;
  options.retry = {.max_attempts = 3, .initial_interval = mcp::milliseconds{1}, .jitter = false};
  options.breaker = {.name = title, .failure_threshold = 4};
  options.fallback = "cached_answer";
  mcp::graph<State> graph{title};
  graph.node("service", Service{calls, failures}, options).node("cached_answer", cached_answer);
  graph.entry_point("service").finish_point("service");
  mcp::executor<State> executor{graph};
  for (int i = 0; i < runs; ++i) {
    std::cout << title << ": " << executor.run({}).answer;
    std::cout << " (calls so far: " << *calls << ")\n";
  }
}

int main() {
  show("flaky", 2, 1);
  show("down", 1000, 3);
}
