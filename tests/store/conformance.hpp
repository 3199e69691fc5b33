#pragma once

#include "mcp/checkpoint_store.hpp"
#include "support/code_of.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::test {

/// A store to be tested: what it is, and how to close and open it again.
struct store_under_test {
  std::shared_ptr<checkpoint_store> store{};
  /// Empty when the store forgets everything with the object.
  std::function<void(store_under_test&)> reopen{};
};

/// Makes a new, empty store.
using store_factory = std::function<store_under_test()>;

/// The promises of `checkpoint_store`, one section each. A new store passes when
/// `TEST_CASE("...") { check_checkpoint_store(factory); }` does.
void check_checkpoint_store(const store_factory& factory);
/// The parts of it.
void check_checkpoints(const store_factory& factory);
void check_history(const store_factory& factory);
void check_runs(const store_factory& factory);
void check_batches(const store_factory& factory);
void check_upkeep(const store_factory& factory);
void check_prune(const store_factory& factory);
void check_concurrency(const store_factory& factory);
/// Needs a store that can be opened again; kills processes of its own.
void check_deaths(const store_factory& factory);

/// Milliseconds since the epoch.
[[nodiscard]] store_time at(std::int64_t milliseconds);
[[nodiscard]] std::string cbor(const nlohmann::json& value);

/// A checkpoint whose body appends `id` to the list "l"; without a base.
[[nodiscard]] put_checkpoint checkpoint(const std::string& thread, std::uint64_t id,
                                        std::uint64_t parent, const std::string& ns = {});
/// The same with a snapshot of `list`.
[[nodiscard]] put_checkpoint snapshot(const std::string& thread, std::uint64_t id,
                                      std::uint64_t parent, const std::vector<int>& list,
                                      const std::string& ns = {});
[[nodiscard]] put_journal journal(const std::string& thread, std::uint64_t id, journal_kind kind,
                                  const std::string& key, const std::string& body = "b",
                                  const std::string& ns = {});
[[nodiscard]] put_run run(const std::string& id, const std::string& thread,
                          run_status status = run_status::accepted, const std::string& graph = "g");

/// Writes one operation.
void put(checkpoint_store& store, const store_write& op);
/// Writes a chain of checkpoints `first`..`last` of a thread, with `parent` before the first.
void put_chain(checkpoint_store& store, const std::string& thread, std::uint64_t first,
               std::uint64_t last, std::uint64_t parent = 0, const std::string& ns = {});
/// The list "l" as it is after checkpoint `id`, rebuilt from what the store returns.
[[nodiscard]] std::vector<int> list_at(checkpoint_store& store, const std::string& thread,
                                       std::uint64_t id, const std::string& ns = {});
[[nodiscard]] std::vector<std::uint64_t> ids(const std::vector<checkpoint_info>& infos);
/// Everything a store holds, for comparing.
[[nodiscard]] std::string dump(checkpoint_store& store);

}  // namespace mcp::test
