// A process dies in the middle of a run, and the next one goes on by itself. What a node did
// through `ctx.once` is not done again: the payment happens once.
//
//   start --> ship: pay, (the first process dies here), send --> end

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include <mcp/mcp.hpp>
#include <sys/wait.h>
#include <unistd.h>

struct State {
  std::string folder{}, receipt{}, parcel{};
};
MCP_STATE(State, folder, receipt, parcel)

State ship(State s, mcp::context& ctx) {
  s.receipt = ctx.once("payment", [&] {
    std::ofstream{s.folder + "/bank", std::ios::app} << "paid 10 euros\n";
    return std::string{"receipt 1"};
  });
  if (!std::filesystem::exists(s.folder + "/second")) std::raise(SIGKILL);
  s.parcel = "sent";
  return s;
}

mcp::executor<State> open(const std::string& folder) {
  mcp::graph<State> graph{"shop"};
  graph.node("ship", ship, {.blocking = true}).entry_point("ship").finish_point("ship");
  return mcp::executor<State>{graph, {.store = mcp::sqlite_checkpoint_store(folder + "/runs.db")}};
}

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "mcp-restart-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;

  if (fork() == 0) {
    open(folder).run({.folder = folder}, {.thread_id = "order-1"});
    return 1;  // not reached
  }
  int status = 0;
  wait(&status);
  std::cout << "first process: " << (WIFSIGNALED(status) ? "killed" : "ended") << '\n';
  std::ofstream{folder + "/second"} << "now";

  auto executor = open(folder);  // finds the run that was accepted and not finished
  for (const auto& run : executor.recovered()) {
    const auto state = run.join().state();
    std::cout << "second process: " << run.thread_id() << ", " << state.receipt << ", parcel "
              << state.parcel << '\n';
  }
  std::cout << "the bank saw: " << std::ifstream{folder + "/bank"}.rdbuf();
  std::filesystem::remove_all(folder);
}
