#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <mcp/mcp.hpp>

/// The graphs the rows run.
namespace bench {

struct counter_state {
  std::int64_t n = 0;
  std::int64_t limit = 0;
  std::string ballast{};
  std::vector<std::string> log{};
};
MCP_STATE(counter_state, n, limit, ballast, (log, mcp::append))

struct chat_state {
  std::int64_t n = 0;
  std::int64_t limit = 0;
  std::vector<mcp::message> chat{};
};
MCP_STATE(chat_state, n, limit, (chat, mcp::add_messages))

struct item {
  std::int64_t n = 0;
};
MCP_STRUCT(item, n)

struct sum_state {
  std::int64_t width = 0;
  std::int64_t total = 0;
  std::int64_t round = 0;
};
MCP_STATE(sum_state, width, (total, mcp::sum), round)

inline mcp::update<counter_state> count(const counter_state& s) {
  return mcp::update<counter_state>{}.set(&counter_state::n, s.n + 1);
}

/// a → b → c.
inline mcp::graph<counter_state> chain_graph() {
  mcp::graph<counter_state> graph{"chain"};
  graph.node("a", count).node("b", count).node("c", count).entry_point("a");
  return graph.sequence({"a", "b", "c"});
}

/// One node until `n` has reached `limit`.
template <class State = counter_state, class Node>
mcp::graph<State> loop_graph(Node node) {
  mcp::graph<State> graph{"loop"};
  graph.node("a", node).entry_point("a");
  return graph.router("a", [](const State& s) { return s.n < s.limit ? "a" : mcp::end; },
                      {"a", mcp::end});
}

/// `width` sends and a reduce.
inline mcp::graph<sum_state> fan_graph() {
  mcp::graph<sum_state> graph{"fan"};
  graph.node("plan", [](const sum_state&) { return mcp::update<sum_state>{}; })
      .node("work",
            [](const item& i) { return mcp::update<sum_state>{}.set(&sum_state::total, i.n); })
      .node("reduce", [](const sum_state&) { return mcp::update<sum_state>{}; })
      .entry_point("plan")
      .edge("work", "reduce");
  return graph.router("plan",
                      [](const sum_state& s) {
                        std::vector<mcp::send> sends;
                        sends.reserve(static_cast<std::size_t>(s.width));
                        for (std::int64_t i = 0; i < s.width; ++i)
                          sends.emplace_back("work", item{1});
                        return sends;
                      },
                      {"work"});
}

/// A planner, 8 executors that are graphs of 3 nodes, a critic, 3 rounds.
inline mcp::graph<sum_state> team_graph() {
  constexpr std::int64_t executors = 8;
  constexpr std::int64_t rounds = 3;
  mcp::graph<sum_state> graph{"team"};
  const auto enter = [](const sum_state&) { return counter_state{}; };
  const auto leave = [](const counter_state& s) {
    return mcp::update<sum_state>{}.set(&sum_state::total, s.n);
  };
  graph
      .node("plan",
            [](const sum_state& s) {
              return mcp::update<sum_state>{}.set(&sum_state::round, s.round + 1);
            })
      .node("executor", mcp::subgraph(chain_graph(), enter, leave))
      .node("critic", [](const sum_state&) { return mcp::update<sum_state>{}; })
      .entry_point("plan")
      .edge("executor", "critic")
      .router("critic", [](const sum_state& s) { return s.round < rounds ? "plan" : mcp::end; },
              {"plan", mcp::end});
  return graph.router("plan",
                      [](const sum_state&) {
                        std::vector<mcp::send> sends;
                        for (std::int64_t i = 0; i < executors; ++i)
                          sends.emplace_back("executor", counter_state{});
                        return sends;
                      },
                      {"executor"});
}

/// A run that did not end as it should makes its row fail.
template <class State>
State finished(const mcp::run_result<State>& result) {
  result.check();
  return result.state();
}

/// Limits for runs of `steps` supersteps.
inline mcp::run_options long_run(std::int64_t steps,
                                 mcp::durability durability = mcp::durability::async) {
  return {.recursion_limit = steps + 2, .durability = durability};
}

}  // namespace bench
