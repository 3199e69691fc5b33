#include "floors.hpp"
#include "rows.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <mcp/agent.hpp>

namespace bench {

struct tally {
  std::int64_t n = 0;
};
MCP_STATE(tally, n)
struct count_one {
  std::int64_t by = 1;
  using reply = std::int64_t;
};
MCP_STRUCT(count_one, by)

namespace {

constexpr std::chrono::seconds patience{60};

mcp::agent_spec tally_type(std::chrono::milliseconds idle) {
  return mcp::agent<tally>("tally")
      .on([](tally& s, const count_one& m) { return s.n += m.by; })
      .options({.mailbox = 100'000, .idle = idle});
}

std::string address(std::size_t i) {
  return "tally/" + std::to_string(i);
}

void wait_until_asleep(const mcp::agent_system& agents) {
  while (agents.counts().awake > 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

/// Memory of each of many agents that were used once.
double bytes_per_agent(std::size_t count, bool asleep) {
  const double before = allocated_bytes();
  mcp::agent_system agents{{}, {tally_type(std::chrono::milliseconds{asleep ? 1 : 0})}};
  for (std::size_t i = 0; i < count; ++i) {
    agents.tell(address(i), count_one{});
    // Few awake at a time, or all messages would wait first.
    if (i % 1000 != 999) continue;
    if (asleep) {
      wait_until_asleep(agents);
    } else {
      static_cast<void>(agents.ask(address(i), count_one{}, patience));
    }
  }
  if (asleep) wait_until_asleep(agents);
  return (allocated_bytes() - before) / static_cast<double>(count);
}

/// Time of an ask of an agent that is asleep, from the call to its answer.
double wake_microseconds(mcp::agent_system& agents, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) agents.tell(address(i), count_one{});
  wait_until_asleep(agents);
  return microseconds_of([&] {
           for (std::size_t i = 0; i < count; ++i) {
             static_cast<void>(agents.ask(address(i), count_one{}, patience));
           }
         }) /
         static_cast<double>(count);
}

double ask_microseconds(mcp::agent_system& agents, std::size_t count) {
  return microseconds_of([&] {
           for (std::size_t i = 0; i < count; ++i) {
             static_cast<void>(agents.ask("tally/a", count_one{}, patience));
           }
         }) /
         static_cast<double>(count);
}

probes wake_probes(bool stored, const settings& how) {
  const std::size_t count = how.quick ? 50 : 500;
  const auto folder = std::make_shared<temporary_folder>();
  const auto sleepers = std::make_shared<mcp::agent_system>(
      mcp::agent_system_options{
          .store =
              stored ? mcp::sqlite_checkpoint_store((folder->path() / "a.db").string()) : nullptr},
      std::vector{tally_type(std::chrono::milliseconds{1})});
  const auto awake = std::make_shared<mcp::agent_system>(
      mcp::agent_system_options{}, std::vector{tally_type(std::chrono::milliseconds{0})});
  return {[folder, sleepers, count] { return wake_microseconds(*sleepers, count); },
          [awake, count] { return ask_microseconds(*awake, count); }};
}

spec memory_row(const char* name, bool asleep, double limit) {
  return {
      name, "B", "", {{bound_kind::value_at_most, limit}}, [asleep](const settings& how) -> probes {
        const std::size_t count = how.quick ? 10'000 : 100'000;
        return {[asleep, count] { return bytes_per_agent(count, asleep); }, {}};
      }};
}

}  // namespace

std::vector<spec> agent_rows() {
  return {
      memory_row("memory of each of 100,000 agents asleep", true, 256),
      memory_row("memory of each of 100,000 agents awake", false, 4096),
      {"ask an agent that is asleep, without a store",
       "us",
       "the same, awake",
       {},
       [](const settings& how) { return wake_probes(false, how); }},
      {"ask an agent that is asleep, SQLite",
       "us",
       "the same, awake, without a store",
       {},
       [](const settings& how) { return wake_probes(true, how); }},
      {"tell 10,000 messages to one agent, each",
       "us",
       "",
       {},
       [](const settings&) -> probes {
         const auto agents = std::make_shared<mcp::agent_system>(
             mcp::agent_system_options{}, std::vector{tally_type(std::chrono::milliseconds{0})});
         return {[agents] {
                   constexpr std::size_t count = 10'000;
                   return microseconds_of([&] {
                            for (std::size_t i = 0; i < count; ++i) {
                              agents->tell("tally/a", count_one{});
                            }
                            static_cast<void>(agents->ask("tally/a", count_one{}, patience));
                          }) /
                          static_cast<double>(count);
                 },
                 {}};
       }},
  };
}

}  // namespace bench
