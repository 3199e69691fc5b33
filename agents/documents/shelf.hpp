#pragma once

#include "bm25.hpp"
#include "corpus.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::documents {

/// A folder of documents, read and indexed. Immutable.
struct indexed_folder {
  corpus texts;
  bm25_index index;
  std::vector<std::string> warnings;
};

/// The folders in use, each read once. The agents share one shelf and find their folder by the path
/// in the state, so that documents are in no checkpoint and a resumed run reads them again. Safe
/// from several threads; a call may wait for the disk.
class shelf {
 public:
  /// Throws `corpus_error` when there is nothing to read.
  std::shared_ptr<const indexed_folder> open(const std::string& folder);

  /// Folders kept; when one more is opened the others are let go.
  static constexpr std::size_t max_folders = 4;

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const indexed_folder>> folders_;
};

}  // namespace mcp::documents
