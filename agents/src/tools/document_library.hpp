#pragma once

#include "documents/shelf.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace mcp {

/// See <mcp/agents/research_tools.hpp>.
class document_library {
 public:
  /// Throws `invalid_argument` when the root is no folder.
  explicit document_library(const std::string& root);

  /// Throws `access_denied` for a way out of the root, `tool_failed` for everything else.
  [[nodiscard]] std::shared_ptr<const documents::indexed_folder> open(const std::string& folder);

 private:
  std::filesystem::path root_;  ///< without links
  documents::shelf shelf_;
};

}  // namespace mcp
