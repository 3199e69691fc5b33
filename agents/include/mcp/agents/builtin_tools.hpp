#pragma once

#include "mcp/agents/tool.hpp"
#include "mcp/memory_store.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

/// Tools that most agents want. All of them tell the model what went wrong instead of failing the
/// node.
namespace mcp {

/// "calculator": arithmetic with + - * / % ^, parentheses, pi, e and the usual functions. At most
/// 1,000 characters, nested at most 64 deep.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> calculator_tool();

/// "clock": the date and the time, by the clock of the executor.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> clock_tool();

/// Tools that read below one folder. Nothing outside of it is reached: not by "..", not by absolute
/// paths, not by links. Only regular files of UTF-8 text are read.
struct file_tool_options {
  std::string root{};                       ///< a folder; opened when the tool is made
  std::string name{};                       ///< empty: "read_file" or "list_files"
  std::size_t max_file_bytes = 256 * 1024;  ///< larger files are refused
  std::size_t max_entries = 1000;           ///< of one listing; it says when there are more
};
/// "read_file": the text of a file. Throws `invalid_argument` when the root is no folder.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> read_file_tool(file_tool_options options);
/// "list_files": the entries of a folder. Throws as `read_file_tool`.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> list_files_tool(file_tool_options options);

struct document_search_options {
  std::shared_ptr<memory_store> store{};  ///< null: the executor's
  memory_namespace ns{"documents"};       ///< searched, with everything below it
  std::string name = "search_documents";
  std::size_t max_results = 20;
};
/// "search_documents": full-text search, best first, over the items of a memory store; with a
/// SQLite store ranked by BM25.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> search_documents_tool(
    document_search_options options = {});

/// Which files of a folder `load_documents` takes.
struct document_folder {
  std::string root{};
  memory_namespace ns{"documents"};
  std::vector<std::string> extensions{".txt", ".md"};
  std::size_t passage_bytes = 1500;  ///< longest passage; cut between paragraphs where possible
  std::size_t max_file_bytes = 1024 * 1024;
  std::size_t max_files = 10'000;
  int max_depth = 32;  ///< of folders within folders
};
struct loaded_documents {
  std::size_t files = 0;
  std::size_t passages = 0;
  std::size_t skipped = 0;  ///< too large, not text, or beyond a limit
};
/// Puts the passages of a folder's files into a memory store, each as {"source", "part", "line",
/// "last_line", "text"}, lines counted from 1.
/// Links are not followed. Blocks. Throws `invalid_argument` for a bad root, and the store's
/// errors.
MCP_AGENTS_EXPORT loaded_documents load_documents(memory_store& store,
                                                  const document_folder& folder);

struct http_get_options {
  /// Hosts that may be asked; "*.example.org" stands for every host below example.org. Empty: none.
  std::vector<std::string> hosts{};
  std::string name = "http_get";
  std::size_t max_bytes = 1024 * 1024;  ///< larger answers are refused
  int max_redirects = 3;                ///< each goes to an allowed host
  milliseconds timeout{30'000};         ///< of each request
  /// Loopback, link-local and private addresses may be asked too. Without it the environment's
  /// proxy is not used.
  bool allow_private_addresses = false;
  bool allow_plain_http = true;  ///< besides https
};
/// "http_get": the text behind a URL. Answers that are not UTF-8 text are refused.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> http_get_tool(http_get_options options);

}  // namespace mcp
