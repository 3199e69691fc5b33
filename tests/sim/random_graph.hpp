#pragma once

#include "core/graph_plan.hpp"
#include "mcp/mcp.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

/// Graphs made up from a seed, whose nodes are deterministic.
namespace sim {

using random_source = std::mt19937_64;

/// Uniform in [0, below).
inline std::uint64_t draw(random_source& random, std::uint64_t below) {
  return random() % below;
}
inline bool chance(random_source& random, std::uint64_t percent) {
  return draw(random, 100) < percent;
}
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return std::mt19937_64{a * 0x9e3779b97f4a7c15ULL + b}();
}

struct work {
  int number = 0;
};
MCP_STRUCT(work, number)

struct state {
  std::vector<std::string> log{};
  std::int64_t total = 0;
  std::int64_t peak = 0;
  std::int64_t rounds = 0;
  std::map<std::string, std::string> marks{};
};
MCP_STATE(state, (log, mcp::append), (total, mcp::sum), (peak, mcp::maximum), (rounds, mcp::sum),
          (marks, mcp::merge))

/// A made-up node. All ways lead to nodes of larger indices, but for the last node's loop.
struct node {
  std::string name{};
  std::vector<std::size_t> edges{};
  std::vector<std::size_t> choices{};  ///< its router picks some of them
  std::vector<std::size_t> workers{};  ///< its router sends to some of them
  bool worker = false;                 ///< takes the input of a send
  bool deferred = false;
  bool asks = false;
  bool effect = false;
  bool flaky = false;   ///< attempts may fail or never end
  bool broken = false;  ///< every attempt fails: the fallback takes over
  bool loops = false;   ///< its router starts the next round
  bool routed = false;  ///< has a router, if only one that says nothing
};

struct join {
  std::vector<std::size_t> sources{};
  std::size_t target = 0;
};

struct graph {
  std::uint64_t seed = 0;
  std::vector<node> nodes{};
  std::vector<join> joins{};
  std::int64_t rounds = 0;
  std::optional<std::size_t> fallback{};
  bool edge_map = false;
};

/// What a node does to the state.
struct change {
  std::string line{};
  std::int64_t add = 0;
  std::int64_t rounds = 0;
};

inline std::int64_t answer_to(const std::string& question) {
  return static_cast<std::int64_t>(question.size() * 7 % 5);
}
inline std::string question_of(const node& asking, const state& s) {
  return asking.name + "?" + std::string(static_cast<std::size_t>(s.total % 9), '?');
}

inline change act(const node& one, const state& s, std::optional<int> number) {
  change made;
  made.line = one.name + (number ? "(" + std::to_string(*number) + ")" : "") + "@" +
              std::to_string(s.total) + "/" + std::to_string(s.log.size());
  made.add = 1 + static_cast<std::int64_t>(one.name.back() - '0') + number.value_or(0);
  if (one.asks) made.add += answer_to(question_of(one, s));
  made.rounds = one.loops ? 1 : 0;
  return made;
}

using target = std::variant<std::size_t, std::pair<std::size_t, int>>;

/// What a node's router says; `s` is the state after the node's own writes.
inline std::vector<target> decide(const graph& of, const node& one, const state& s) {
  std::vector<target> result;
  auto bits = mix(of.seed, static_cast<std::uint64_t>(s.total) * 31 +
                               static_cast<std::uint64_t>(one.name.back()));
  for (const auto to : one.choices) {
    if ((bits & 1U) != 0) result.emplace_back(to);
    bits >>= 1U;
  }
  for (const auto to : one.workers) {
    for (std::uint64_t n = bits % 4; n > 0; --n) {
      result.emplace_back(std::pair{to, static_cast<int>(n + bits % 3)});
    }
    bits >>= 2U;
  }
  if (one.loops && s.rounds < of.rounds) result.emplace_back(std::size_t{0});
  return result;
}
inline bool routes_itself(const node& one) {
  return one.routed || one.loops || !one.choices.empty() || !one.workers.empty();
}
/// The edge map: one more way for whoever has none of its own.
inline std::optional<std::size_t> map_edge(const graph& of, const state& s) {
  if (s.total % 3 == 0 && s.rounds < of.rounds) return of.nodes.size() - 1;
  return std::nullopt;
}

inline graph make_graph(std::uint64_t seed) {
  random_source random(seed);
  graph made;
  made.seed = seed;
  made.rounds = static_cast<std::int64_t>(1 + draw(random, 3));
  made.edge_map = chance(random, 30);
  const auto count = 3 + draw(random, 6);
  int workers = 0;  // more would multiply: each may send to the next
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = made.nodes.emplace_back();
    one.name = "n" + std::to_string(i);
    const bool inner = i > 0 && i + 1 < count;
    one.worker = inner && workers < 2 && chance(random, 30);
    workers += one.worker ? 1 : 0;
    one.deferred = inner && !one.worker && chance(random, 15);
    one.asks = chance(random, 15);
    one.effect = chance(random, 20);
    one.flaky = chance(random, 40);
    one.loops = i + 1 == count;
    one.routed = i == 0;  // to anywhere, so that every node can be reached
  }
  for (std::size_t i = 0; i + 1 < count; ++i) {
    auto& one = made.nodes[i];
    for (std::size_t to = i + 1; to < count; ++to) {
      if (made.nodes[to].worker) {
        if (chance(random, 50) && one.workers.size() < 2) one.workers.push_back(to);
      } else if (chance(random, 35)) {
        (chance(random, 60) ? one.edges : one.choices).push_back(to);
      }
    }
    if (i == 0 && one.edges.empty()) one.edges.push_back(count - 1);
  }
  if (count > 4 && chance(random, 60)) {
    made.joins.push_back({{0, 1 + draw(random, 2)}, count - 1 - draw(random, 2)});
    if (made.nodes[made.joins.back().target].worker) made.joins.back().target = count - 1;
  }
  if (chance(random, 40)) {
    made.fallback = made.nodes.size();
    for (auto& one : made.nodes) one.broken = !one.worker && chance(random, 30);
    made.nodes.push_back(
        {.name = "spare0", .asks = chance(random, 50), .effect = chance(random, 50)});
  }
  return made;
}

/// The made-up graph as one of the library's. `of` must outlive it.
std::shared_ptr<const mcp::graph_plan> build(const graph& of);
/// What a run ends with: nodes one after the other, no crash, nothing of the library's engine.
struct expectation {
  state reached{};
  std::int64_t supersteps = 0;
  bool too_long = false;  ///< given up after `max_lines` lines of the log
};
inline constexpr std::size_t max_lines = 120;
expectation interpret(const graph& of);

}  // namespace sim
