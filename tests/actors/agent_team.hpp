#pragma once

#include "actors/agent_scenario.hpp"
#include "mcp/agent_supervision.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

namespace mcp::test {

/// Fails, and says so to nobody.
struct break_down {
  std::string why = "meant";
};
MCP_STRUCT(break_down, why)

/// Waits for an answer that never comes.
struct wait_for_ever {};
MCP_STRUCT(wait_for_ever)

/// Tells another agent a line.
struct pass_on {
  std::string where{};
  std::string line{};
};
MCP_STRUCT(pass_on, where, line)

inline const agent_options escalating{.on_failure = agent_on_failure::escalate};

/// One of a team: adds, writes, reads, tells, fails, and waits.
inline auto member_type(std::string type, agent_options options = escalating) {
  return agent<ledger>(std::move(type))
      .on([](ledger& s, const add& m) { return s.sum += m.by; })
      .on([](ledger& s, const write_line& m) { s.lines.push_back(m.line); })
      .on([](const ledger& s, const read_all&) { return s; })
      .on([](ledger& s, const pass_on& m, agent_context& ctx) {
        ++s.sum;
        ctx.tell(m.where, write_line{m.line});
      })
      .on([](ledger& s, const break_down& m) {
        s.sum += 1'000'000;
        throw std::runtime_error{m.why};
      })
      .on([](ledger&, const wait_for_ever&, agent_context& ctx) {
        ctx.ask("silent/x", add{}, milliseconds{3'600'000},
                [](ledger&, agent_outcome got, agent_context&) {
                  if (got.error) throw error{*got.error};
                });
      })
      .options(options);
}

/// Never answers; forgets who asked only when it goes.
inline auto silent_type() {
  return agent<ledger>("silent").on(
      [kept = std::make_shared<std::vector<agent_later<ledger>>>(),
       mutex = std::make_shared<std::mutex>()](ledger&, const add&, agent_context& ctx) {
        const std::lock_guard lock{*mutex};
        kept->push_back(ctx.later<ledger>());
      });
}

inline std::vector<agent_spec> shop_types(agent_options options = escalating) {
  return {member_type("cart", options), member_type("bill", options),
          member_type("parcel", options), member_type("mail", options), silent_type()};
}

/// cart, bill, (parcel), mail
inline std::vector<supervisor> shop_tree(restart_strategy strategy,
                                         restart_limit limit = {.intensity = 1000},
                                         restart_limit inner = {.intensity = 1000}) {
  return {supervisor(
      "orders", strategy, limit,
      {"cart", "bill", supervisor("shipping", restart_strategy::one_for_one, inner, {"parcel"}),
       "mail"})};
}

inline const std::vector<std::string> shop_members{"cart", "bill", "parcel", "mail"};

/// What the process says of restarts is not of interest.
class quiet {
 public:
  quiet() : level_(spdlog::get_level()) { spdlog::set_level(spdlog::level::off); }
  ~quiet() { spdlog::set_level(level_); }
  quiet(const quiet&) = delete;
  quiet& operator=(const quiet&) = delete;

 private:
  spdlog::level::level_enum level_;
};

inline void break_member(agent_system& agents, const std::string& address,
                         const std::string& why = "meant") {
  static_cast<void>(code_of([&] { return agents.ask(address, break_down{why}, patience), 0; }));
}

inline std::optional<error> refusal(agent_system& agents, const std::string& address) {
  try {
    static_cast<void>(agents.ask(address, add{0}, patience));
  } catch (const error& what) {
    return what;
  }
  return std::nullopt;
}

inline std::int64_t member_sum(agent_system& agents, const std::string& address) {
  return agents.ask(address, read_all{}, patience).sum;
}

inline void fill(agent_system& agents, const std::string& key) {
  for (const auto& type : shop_members) {
    static_cast<void>(agents.ask(type + "/" + key, add{5}, patience));
  }
}

/// Who of a key has its initial state again.
inline words fresh_members(agent_system& agents, const std::string& key) {
  words result;
  for (const auto& type : shop_members) {
    if (member_sum(agents, type + "/" + key) == 0) result.push_back(type);
  }
  return result;
}

}  // namespace mcp::test
