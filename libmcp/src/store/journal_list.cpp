#include "store/journal_list.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace mcp::store {
namespace {

constexpr std::size_t not_found = static_cast<std::size_t>(-1);
/// Journals up to this size are searched one by one; longer ones have an index.
constexpr std::size_t short_journal = 16;

std::string index_key(const journal_entry& entry) {
  return static_cast<char>('0' + static_cast<int>(entry.kind)) + entry.key;
}

}  // namespace

std::size_t journal_list::find(const journal_entry& entry) const {
  if (!index_.empty()) {
    const auto found = index_.find(index_key(entry));
    return found == index_.end() ? not_found : found->second;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].kind == entry.kind && entries_[i].key == entry.key) return i;
  }
  return not_found;
}

std::optional<std::string> journal_list::put(const journal_entry& entry) {
  if (const auto at = find(entry); at != not_found) {
    return std::exchange(entries_[at].body, entry.body);
  }
  if (!index_.empty()) {
    index_.emplace(index_key(entry), entries_.size());
  } else if (entries_.size() == short_journal) {
    for (std::size_t i = 0; i < entries_.size(); ++i) index_.emplace(index_key(entries_[i]), i);
    index_.emplace(index_key(entry), entries_.size());
  }
  entries_.push_back(entry);
  return std::nullopt;
}

void journal_list::pop() {
  index_.erase(index_key(entries_.back()));
  entries_.pop_back();
}

bool journal_list::pending() const {
  std::unordered_set<std::string_view> answered;
  for (const auto& one : entries_) {
    if (one.kind == journal_kind::answer) answered.insert(one.key);
  }
  return std::any_of(entries_.begin(), entries_.end(), [&](const journal_entry& one) {
    return one.kind == journal_kind::interrupt && !answered.contains(one.key);
  });
}

}  // namespace mcp::store
