#pragma once

#include "mcp/checkpoint_store.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mcp::store {

/// The journal of one checkpoint, in the order of the first write of each key.
class journal_list {
 public:
  /// Adds or replaces; returns the body that was replaced.
  std::optional<std::string> put(const journal_entry& entry);
  /// Takes the last entry away again.
  void pop();
  [[nodiscard]] const std::vector<journal_entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] std::vector<journal_entry> take() && { return std::move(entries_); }
  /// True when an interrupt has no answer.
  [[nodiscard]] bool pending() const;

 private:
  [[nodiscard]] std::size_t find(const journal_entry& entry) const;

  std::vector<journal_entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;  ///< by kind and key; only when it is long
};

}  // namespace mcp::store
