#include "tools/document_library.hpp"

#include "mcp/agents/research_tools.hpp"
#include "mcp/error.hpp"

#include <algorithm>
#include <system_error>

namespace mcp {
namespace {

namespace fs = std::filesystem;

bool lies_in(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

document_library::document_library(const std::string& root) {
  std::error_code problem;
  root_ = fs::canonical(root, problem);
  if (problem || !fs::is_directory(root_, problem)) {
    throw error{errc::invalid_argument, "the root \"" + root + "\" is no folder"};
  }
}

std::shared_ptr<const documents::indexed_folder> document_library::open(const std::string& folder) {
  std::error_code problem;
  const auto path = fs::weakly_canonical(root_ / folder, problem);
  // Before anything is said of what is there.
  if (problem || !lies_in(path, root_)) {
    throw error{errc::access_denied,
                "the folder \"" + folder + "\" is outside of the root of this tool"};
  }
  try {
    return shelf_.open(path.string());
  } catch (const documents::corpus_error& why) {
    throw error{errc::tool_failed, "the folder \"" + folder + "\": " + why.what()};
  }
}

std::shared_ptr<document_library> open_document_library(const document_library_options& options) {
  return std::make_shared<document_library>(options.root);
}

}  // namespace mcp
