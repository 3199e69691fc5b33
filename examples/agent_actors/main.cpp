// Agents as actors: accounts that are asked and told by address, a teller that moves money between
// them, an auditor that hears of it through a topic, and a second system on the same store, as
// after a restart, in which everything is as it was.
//
//   teller/desk --ask--> account/ann, account/bob        topic "transfers" ----> auditor/main

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include <mcp/mcp.hpp>

struct Account {
  std::int64_t balance = 0;
};
MCP_STATE(Account, balance)

struct Deposit {
  std::int64_t amount = 0;
  using reply = std::int64_t;  // the new balance
};
MCP_STRUCT(Deposit, amount)

struct Desk {
  std::int64_t transfers = 0;
};
MCP_STATE(Desk, transfers)

struct Transfer {
  std::string from{}, to{};
  std::int64_t amount = 0;
  using reply = std::string;
};
MCP_STRUCT(Transfer, from, to, amount)

struct Transferred {
  std::int64_t amount = 0;
};
MCP_STRUCT(Transferred, amount)

struct Audit {
  std::int64_t seen = 0, sum = 0;
};
MCP_STATE(Audit, seen, sum)

struct Report {
  using reply = Audit;
};
MCP_STRUCT(Report)

constexpr std::chrono::seconds patience{10};

std::vector<mcp::agent_spec> types() {
  const auto account = mcp::agent<Account>("account").on([](Account& a, const Deposit& d) {
    if (a.balance + d.amount < 0) throw std::runtime_error{"not enough money"};
    return a.balance += d.amount;
  });
  const auto teller =
      mcp::agent<Desk>("teller").on([](Desk&, const Transfer& t, mcp::agent_context& ctx) {
        // No thread waits: the desk goes on when the account has answered.
        ctx.ask("account/" + t.from, Deposit{-t.amount}, patience,
                [t](Desk& desk, const mcp::agent_outcome& taken, mcp::agent_context& on) {
                  if (taken.error) return on.reply("refused: " + taken.error->message());
                  ++desk.transfers;
                  on.tell_durable("account/" + t.to, Deposit{t.amount});
                  on.publish("transfers", Transferred{t.amount});
                  on.reply("transfer " + std::to_string(desk.transfers) + " done");
                });
      });
  const auto auditor = mcp::agent<Audit>("auditor")
                           .on([](Audit& a, const Transferred& t) {
                             ++a.seen;
                             a.sum += t.amount;
                           })
                           .on([](const Audit& a, const Report&) { return a; });
  return {account, teller, auditor};
}

int main() {
  const auto store = mcp::in_memory_checkpoint_store();  // or mcp::sqlite_checkpoint_store(path)
  {
    mcp::agent_system agents{{.store = store}, types()};
    agents.subscribe("auditor/main", "transfers");
    agents.tell_durable("account/ann", Deposit{100});  // in the store when this returns
    std::cout << agents.ask("teller/desk", Transfer{"ann", "bob", 30}, patience) << '\n'
              << agents.ask("teller/desk", Transfer{"bob", "ann", 50}, patience) << '\n'
              << "the auditor saw " << agents.ask("auditor/main", Report{}, patience).seen << '\n';
  }
  mcp::agent_system agents{{.store = store}, types()};
  std::cout << "after a restart: ann has "
            << agents.ask_json("account/ann", "Deposit", R"({"amount":0})", patience)
            << ", bob has " << agents.ask("account/bob", Deposit{0}, patience) << '\n';
  const auto audit = agents.ask("auditor/main", Report{}, patience);
  std::cout << "the auditor still knows " << audit.seen << " transfer of " << audit.sum
            << ", and listens: " << agents.subscribers("transfers") << " subscriber\n";
}
