#pragma once

#include "mcp/agents/tool.hpp"

#include <cstddef>
#include <memory>
#include <string>

/// Tools that answer questions from folders of documents, with citations by file and line. They
/// need no model: each is deterministic text processing, for English. Together they are a research
/// team: split the question, find quotations for each part, review them and search again, compose.
///     auto library = mcp::open_document_library({.root = "docs"});
///     auto find = mcp::find_quotations_tool(library);
namespace mcp {

/// Folders of `.md`, `.markdown` and `.txt` files below one root, each read and indexed when it is
/// first asked for. The tools that are given one library share what it has read. Safe from several
/// threads.
class document_library;

struct document_library_options {
  /// Nothing outside of it is reached: not by "..", not by absolute paths, not by links.
  std::string root{};
};
/// Throws `invalid_argument` when the root is no folder.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<document_library> open_document_library(
    const document_library_options& options);

/// All of them take `folder`, relative to the root, the root itself if absent. They block while a
/// folder is read, and tell the model what went wrong. A folder has at most 2,000 files of 4 MiB
/// and 64 MiB in all; what lies beyond is skipped.

/// "search_documents": passages, best first (BM25): [{key, value: {source, line, last_line,
/// heading, text}, score}].
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> search_library_tool(
    std::shared_ptr<document_library> library, std::string name = "search_documents");

/// "split_question": the parts of a question that stand alone: {question, parts, notes}.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> split_question_tool(
    std::string name = "split_question");

/// "find_quotations": sentences of the documents that answer a question, verbatim, best first:
/// {query, quotations: [{text, path, line, last_line, score, ...}]}. It takes a question, or a part
/// of "split_question" with its number, or a part and other words to search for too.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> find_quotations_tool(
    std::shared_ptr<document_library> library, std::string name = "find_quotations");

/// "review_quotations": which parts the quotations cover, and how to search again for the others:
/// {parts, verdicts, todo}; `todo` has the numbers of the parts to search for again.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> review_quotations_tool(
    std::shared_ptr<document_library> library, std::string name = "review_quotations");

/// "compose_answer": an answer made of the quotations alone: {answer, citations, gaps, problems}.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> compose_answer_tool(
    std::shared_ptr<document_library> library, std::string name = "compose_answer");

/// "check_citations": whether each quote of an answer in anybody's words stands in the lines it
/// names, and each mark `[n]` has a source: {ok, checked, problems}.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<tool> check_citations_tool(
    std::shared_ptr<document_library> library, std::string name = "check_citations");

}  // namespace mcp
