#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mcp::store {

/// Checkpoint ids are kept as signed 64-bit integers; this is far beyond the year 2200.
inline constexpr std::uint64_t max_checkpoint_id = INT64_MAX;
inline constexpr std::size_t max_history_limit = 10'000;
inline constexpr std::size_t max_run_limit = 1'000'000;

/// Checks what can be known without the store: the id, its order after the parent, and that there
/// is a snapshot if and only if the checkpoint is its own base. Throws `invalid_argument`.
void check_checkpoint(const put_checkpoint& op);

/// The errors of writes that do not fit what is stored: `invalid_argument`.
[[noreturn]] void refuse_id_order(const put_checkpoint& op, checkpoint_id last);
[[noreturn]] void refuse_run(const run_record& run, const std::string& stored_thread);
[[noreturn]] void refuse_target(const std::string& target);
[[noreturn]] void refuse_keep();
/// `unknown_checkpoint`.
[[noreturn]] void refuse_parent(const put_checkpoint& op);
[[noreturn]] void refuse_journal(const put_journal& op);
/// `unknown_thread`.
[[noreturn]] void refuse_thread(const std::string& thread_id);

/// Removes the threads of `found` that nobody has claimed, each claimed meanwhile; returns those
/// that `remove` did remove.
template <class Remove>
[[nodiscard]] std::vector<std::string> remove_unclaimed(checkpoint_store& store,
                                                        std::vector<std::string> found,
                                                        const Remove& remove) {
  struct claimed {
    ~claimed() { store.release(thread); }
    checkpoint_store& store;
    const std::string& thread;
  };
  std::vector<std::string> removed;
  for (auto& thread : found) {
    if (!store.claim(thread)) continue;
    const claimed hold{store, thread};
    if (remove(thread)) removed.push_back(thread);
  }
  return removed;
}

/// Accepted, running and interrupted runs.
[[nodiscard]] bool unfinished(run_status status) noexcept;

}  // namespace mcp::store
