#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace bench {

/// Runs without a store: chains, loops, fan-outs, teams.
[[nodiscard]] std::vector<spec> engine_rows();
/// Runs with in-memory and SQLite stores.
[[nodiscard]] std::vector<spec> store_rows();
/// Many runs that wait, and a process from its start.
[[nodiscard]] std::vector<spec> process_rows();
/// Agents as actors: what one costs asleep and awake, and what waking takes.
[[nodiscard]] std::vector<spec> agent_rows();
/// Streamed answers of models: what a token and a call cost, and how fast many are cancelled.
[[nodiscard]] std::vector<spec> model_rows();

/// Nodes that run in another process.
[[nodiscard]] std::vector<spec> cluster_rows();

/// The argument that makes this program a worker: with the server's address and, perhaps empty, the
/// files of its certificate, its key and its authority.
inline constexpr const char* worker_argument = "--as-worker";
void be_worker(const std::vector<std::string>& arguments);

/// The argument that makes this program a first FastMCP program, and what it then does.
inline constexpr const char* first_program_argument = "--as-first-program";
void be_first_program();

}  // namespace bench
