#include "shelf.hpp"

#include <utility>

namespace mcp::documents {

std::shared_ptr<const indexed_folder> shelf::open(const std::string& folder) {
  const std::lock_guard lock{mutex_};  // held while reading: a second caller wants the result too
  if (const auto found = folders_.find(folder); found != folders_.end()) return found->second;
  auto texts = load_folder(folder);
  auto split = split_corpus(texts);
  auto warnings = notes_on(texts);
  warnings.insert(warnings.end(), split.warnings.begin(), split.warnings.end());
  auto made = std::make_shared<const indexed_folder>(
      indexed_folder{std::move(texts), bm25_index{std::move(split.passages)}, std::move(warnings)});
  if (folders_.size() >= max_folders) folders_.clear();
  folders_.emplace(folder, made);
  return made;
}

}  // namespace mcp::documents
