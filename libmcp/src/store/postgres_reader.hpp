#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/postgres_connection.hpp"
#include "store/prune_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The questions to the tables of docs/postgres.md. Each is one statement, so that what it returns
// fits together, unless it says that it needs a transaction.

namespace mcp::store::postgres {

[[nodiscard]] std::optional<run_record> run(postgres_connection& from, const std::string& run_id);
[[nodiscard]] std::vector<run_record> runs(postgres_connection& from, const run_query& query);
[[nodiscard]] std::optional<run_record> last_run(postgres_connection& from,
                                                 const std::string& thread_id);
[[nodiscard]] std::optional<stored_checkpoint> load(postgres_connection& from,
                                                    const std::string& thread_id,
                                                    const std::string& ns,
                                                    std::optional<checkpoint_id> id);
[[nodiscard]] std::optional<std::string> body(postgres_connection& from,
                                              const std::string& thread_id, const std::string& ns,
                                              checkpoint_id id);
[[nodiscard]] std::vector<checkpoint_info> history(postgres_connection& from,
                                                   const std::string& thread_id,
                                                   const std::string& ns,
                                                   const history_query& query);
[[nodiscard]] std::vector<std::string> namespaces(postgres_connection& from,
                                                  const std::string& thread_id);
/// Names of the servers, sorted.
[[nodiscard]] std::vector<std::string> servers(postgres_connection& from);
[[nodiscard]] std::vector<thread_info> threads(postgres_connection& from, std::size_t limit);

/// Threads that a sweep would remove, claimed or not.
[[nodiscard]] std::vector<std::string> over(postgres_connection& from, const sweep_query& query);
/// The row of the thread if it is one of them.
[[nodiscard]] std::optional<std::int64_t> find_over(postgres_connection& from,
                                                    const sweep_query& query,
                                                    const std::string& thread_id);

/// A namespace with all that pruning has to know; their rows are locked. Needs a transaction.
struct space_nodes {
  std::int64_t space = 0;
  prune_namespace nodes{};
};
[[nodiscard]] std::vector<space_nodes> lock_nodes(postgres_connection& from,
                                                  const std::string& thread_id);

}  // namespace mcp::store::postgres
