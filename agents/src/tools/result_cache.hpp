#pragma once

#include "io/event_loop.hpp"
#include "mcp/agents/tool_port.hpp"

#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace mcp::tools {

/// Results of a tool by its arguments; the one used longest ago goes first. Not thread-safe.
class result_cache {
 public:
  explicit result_cache(cache_policy policy) : policy_(policy) {}

  [[nodiscard]] std::optional<tool_result> find(const std::string& key, io::steady_time now) {
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    if (policy_.ttl.count() > 0 && now - found->second->since >= policy_.ttl) {
      entries_.erase(found->second);
      index_.erase(found);
      return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->result;
  }

  void put(const std::string& key, tool_result result, io::steady_time now) {
    if (policy_.max_entries == 0) return;
    if (const auto found = index_.find(key); found != index_.end()) {
      entries_.erase(found->second);
      index_.erase(found);
    }
    entries_.push_front({key, std::move(result), now});
    index_.emplace(key, entries_.begin());
    if (entries_.size() > policy_.max_entries) {
      index_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

 private:
  struct entry {
    std::string key;
    tool_result result;
    io::steady_time since;
  };

  cache_policy policy_;
  std::list<entry> entries_;  ///< used last: first
  std::map<std::string, std::list<entry>::iterator> index_;
};

}  // namespace mcp::tools
