#pragma once

#include <mutex>
#include <string>
#include <unordered_set>

namespace mcp::store {

/// The threads that executors of this process work on. Safe from several threads.
class claim_list {
 public:
  /// False when it is taken already.
  [[nodiscard]] bool take(const std::string& thread_id) {
    const std::lock_guard lock(mutex_);
    return taken_.insert(thread_id).second;
  }
  void give_back(const std::string& thread_id) noexcept {
    const std::lock_guard lock(mutex_);
    taken_.erase(thread_id);
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> taken_;
};

}  // namespace mcp::store
