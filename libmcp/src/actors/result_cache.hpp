#pragma once

#include "core/task.hpp"
#include "mcp/policy.hpp"

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace mcp::actors {

/// Results of a node by the bytes of their input; bounded, the entry used longest ago goes first.
/// Safe from several threads.
class result_cache {
 public:
  explicit result_cache(const cache_policy& policy) : policy_(policy) {}

  [[nodiscard]] std::optional<node_result> find(const std::string& key, core::instant now) {
    const std::lock_guard lock{mutex_};
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    const auto kept = found->second;
    if (policy_.ttl.count() > 0 && now - kept->made >= policy_.ttl) {
      entries_.erase(kept);
      index_.erase(found);
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, kept);
    return kept->result;
  }

  void put(const std::string& key, const node_result& result, core::instant now) {
    const std::lock_guard lock{mutex_};
    if (const auto found = index_.find(key); found != index_.end()) {
      entries_.erase(found->second);
      index_.erase(found);
    }
    entries_.push_front({key, result, now});
    index_.emplace(key, entries_.begin());
    if (entries_.size() <= policy_.max_entries) return;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }

 private:
  struct cached {
    std::string key;
    node_result result;
    core::instant made;
  };
  const cache_policy policy_;
  std::mutex mutex_;
  std::list<cached> entries_;  ///< most recently used first
  std::unordered_map<std::string, std::list<cached>::iterator> index_;
};

}  // namespace mcp::actors
