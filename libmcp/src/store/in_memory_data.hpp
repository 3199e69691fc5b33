#pragma once

#include "mcp/checkpoint_store.hpp"
#include "store/in_memory_log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace mcp::store {

/// Threads and runs are spread over this many independently locked parts.
inline constexpr std::size_t stripe_count = 16;
using stripe_mask = std::uint32_t;
inline constexpr stripe_mask all_stripes = (stripe_mask{1} << stripe_count) - 1;

struct stored_thread {
  store_time created{};
  store_time updated{};
  std::optional<store_time> expires{};
  in_memory_log root{};
  std::map<std::string, in_memory_log> nested{};  ///< every namespace but ""
  std::vector<std::string> runs{};

  [[nodiscard]] in_memory_log& log(const std::string& ns) { return ns.empty() ? root : nested[ns]; }
  [[nodiscard]] in_memory_log* find(const std::string& ns) {
    if (ns.empty()) return &root;
    const auto found = nested.find(ns);
    return found == nested.end() ? nullptr : &found->second;
  }
  void touch(store_time at) { updated = std::max(updated, at); }
};

struct stored_run {
  run_record record{};
  std::uint64_t sequence = 0;  ///< order of acceptance
};

struct alignas(64) stripe {
  std::mutex mutex{};
  std::unordered_map<std::string, stored_thread> threads{};
  std::unordered_map<std::string, stored_run> runs{};
};

using stripe_array = std::array<stripe, stripe_count>;

[[nodiscard]] inline std::size_t stripe_of(const std::string& name) noexcept {
  return std::hash<std::string>{}(name) % stripe_count;
}

[[nodiscard]] inline stripe_mask mask_of(const std::string& name) noexcept {
  return stripe_mask{1} << stripe_of(name);
}

/// The parts that a write touches.
[[nodiscard]] stripe_mask mask_of(const store_write& op) noexcept;

/// Holds the stripes of a mask, always taken in the same order.
class stripe_lock {
 public:
  stripe_lock(stripe_array& stripes, stripe_mask mask) : stripes_(stripes), mask_(mask) {
    for (auto left = mask_; left != 0; left &= left - 1) at(left).lock();
  }
  ~stripe_lock() {
    for (auto left = mask_; left != 0; left &= left - 1) at(left).unlock();
  }
  stripe_lock(const stripe_lock&) = delete;
  stripe_lock& operator=(const stripe_lock&) = delete;

 private:
  std::mutex& at(stripe_mask mask) {
    return stripes_[static_cast<std::size_t>(std::countr_zero(mask))].mutex;
  }

  stripe_array& stripes_;
  stripe_mask mask_;
};

/// All threads and runs of an in-memory store, and how batches change them. The caller holds the
/// stripes it touches.
class in_memory_data {
 public:
  /// Applies all of `batch` in order, or nothing of it.
  void write(std::span<const store_write> batch);

  [[nodiscard]] stored_thread* find_thread(const std::string& thread_id);
  [[nodiscard]] in_memory_log* find_log(const std::string& thread_id, const std::string& ns);
  /// Removes a thread with its runs; false when it is unknown. Needs all stripes.
  bool erase(const std::string& thread_id);

  stripe_array stripes{};

 private:
  /// What a write of a batch changed, so that a later one that fails can take it back.
  struct undo_step {
    const store_write* op = nullptr;
    bool new_thread = false;
    bool new_item = false;  ///< namespace or run
    store_time thread_updated{};
    std::optional<std::string> body{};     ///< journal: what was replaced
    std::unique_ptr<run_record> record{};  ///< run: as it was
  };

  void apply(const store_write& op, undo_step& step);
  void apply_one(const put_checkpoint& op, undo_step& step);
  void apply_one(const put_journal& op, undo_step& step);
  void apply_one(const put_run& op, undo_step& step);
  void apply_one(const set_run_status& op, undo_step& step);

  void undo(undo_step& step);
  void undo_one(const put_checkpoint& op, undo_step& step);
  void undo_one(const put_journal& op, undo_step& step);
  void undo_one(const put_run& op, undo_step& step);
  void undo_one(const set_run_status& op, undo_step& step);

  std::atomic<std::uint64_t> sequence_{0};
};

}  // namespace mcp::store
