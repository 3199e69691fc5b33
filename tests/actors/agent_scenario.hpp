#pragma once

#include "actors/scenario.hpp"
#include "actors/simulated_world.hpp"
#include "mcp/agent.hpp"

#include <string>
#include <vector>

namespace mcp::test {

using actors::simulated_world;

/// The agent of most scenarios: keeps a sum and a list of words.
struct ledger {
  std::int64_t sum = 0;
  std::vector<std::string> lines{};
};
MCP_STATE(ledger, sum, lines)

struct add {
  std::int64_t by = 1;
  using reply = std::int64_t;
};
MCP_STRUCT(add, by)

struct write_line {
  std::string line{};
};
MCP_STRUCT(write_line, line)

struct read_all {
  using reply = ledger;
};
MCP_STRUCT(read_all)

struct fail_after_change {
  std::string how{};
};
MCP_STRUCT(fail_after_change, how)

/// Asks another agent for `by` and adds what it answers.
struct add_there {
  std::string where{};
  std::int64_t by = 1;
  std::int64_t patience = 1000;
};
MCP_STRUCT(add_there, where, by, patience)

inline constexpr milliseconds patience{60'000};

/// Adds, writes, reads, fails in several ways and asks others.
inline auto ledger_type(agent_options options = {}) {
  return agent<ledger>("ledger")
      .on([](ledger& s, const add& m) { return s.sum += m.by; })
      .on([](ledger& s, const write_line& m) { s.lines.push_back(m.line); })
      .on([](const ledger& s, const read_all&) { return s; })
      .on([](ledger& s, const fail_after_change& m, agent_context& ctx) {
        s.sum += 1'000'000;
        ctx.tell("ledger/witness", write_line{"sent by a failed message"});
        if (m.how == "error") throw error{errc::invalid_argument, "meant"};
        if (m.how == "reject") ctx.reject({errc::access_denied, "not you"});
        if (m.how == "number") throw 7;
        throw std::runtime_error{"meant"};
      })
      .on([](ledger&, const add_there& m, agent_context& ctx) {
        ctx.ask(m.where, add{m.by}, milliseconds{m.patience},
                [](ledger& s, agent_outcome got, agent_context& on) {
                  s.sum += got.as<std::int64_t>();
                  on.reply(s.sum);
                });
      })
      .options(options);
}

}  // namespace mcp::test
