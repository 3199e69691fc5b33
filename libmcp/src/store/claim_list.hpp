#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace mcp::store {

/// The threads that executors of this process work on. Safe from several threads.
class claim_list {
 public:
  /// False when it is taken already.
  [[nodiscard]] bool take(const std::string& thread_id) {
    const std::lock_guard lock(mutex_);
    return taken_.insert(thread_id).second;
  }
  [[nodiscard]] bool has(const std::string& thread_id) const {
    const std::lock_guard lock(mutex_);
    return taken_.contains(thread_id);
  }
  /// Leaves the first `limit` of the runs whose threads are not taken.
  void keep_unclaimed(std::vector<run_record>& runs, std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    std::erase_if(runs, [&](const run_record& one) { return taken_.contains(one.thread_id); });
    if (runs.size() > limit) runs.resize(limit);
  }
  void give_back(const std::string& thread_id) noexcept {
    const std::lock_guard lock(mutex_);
    taken_.erase(thread_id);
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<std::string> taken_;
};

}  // namespace mcp::store
