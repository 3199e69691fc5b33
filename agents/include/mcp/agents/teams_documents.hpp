#pragma once

#include "mcp/agents/model_node.hpp"
#include "mcp/graph.hpp"
#include "mcp/reducers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcp {

struct source_document {
  std::string name{};
  std::string text{};

  friend bool operator==(const source_document&, const source_document&) = default;
};
MCP_STRUCT(source_document, name, text)

/// A chunk of a document: bytes `begin` to `end` of its text.
struct document_citation {
  std::string document{};
  std::int64_t chunk = 0;  ///< number within the document, from 1
  std::int64_t begin = 0;
  std::int64_t end = 0;

  friend bool operator==(const document_citation&, const document_citation&) = default;
};
MCP_STRUCT(document_citation, document, chunk, begin, end)

struct document_finding {
  std::int64_t level = 0;  ///< 0: of a chunk; each level above combines those below
  std::string text{};
  std::vector<document_citation> sources{};

  friend bool operator==(const document_finding&, const document_finding&) = default;
};
MCP_STRUCT(document_finding, level, text, sources)

/// A chunk that no answer was had for.
struct skipped_chunk {
  document_citation where{};
  std::string reason{};

  friend bool operator==(const skipped_chunk&, const skipped_chunk&) = default;
};
MCP_STRUCT(skipped_chunk, where, reason)

struct documents_state {
  std::string question{};
  std::vector<source_document> documents{};
  std::int64_t chunks = 0;                   ///< of all documents
  std::int64_t level = -1;                   ///< of the findings that count now
  std::vector<document_finding> findings{};  ///< of all levels
  std::vector<skipped_chunk> skipped{};
  std::string answer{};
  std::vector<document_citation> citations{};  ///< what the answer rests on
};
MCP_STATE(documents_state, question, documents, chunks, level, (findings, append),
          (skipped, append), answer, citations)

struct documents_options {
  std::shared_ptr<chat_model> model{};   ///< reads chunks: {"relevant":true,"finding":"..."}
  std::shared_ptr<chat_model> writer{};  ///< {"answer":"...","used":[1,2]}; null: `model`
  std::size_t chunk_bytes = 8000;        ///< longest chunk; at least 16
  std::size_t reduce_bytes = 24'000;     ///< of findings that one call combines; at least 300
  std::size_t max_chunks = 10'000;       ///< more are refused with `too_large`
  std::size_t concurrency = 8;           ///< calls for chunks at once, over all runs; at least 1
  std::string nothing_found = "The documents say nothing about this.";
  model_node_options asking{};  ///< how else to ask; its system prompt is filled in
};

/// Cuts a text into chunks of at most `chunk_bytes` that together are the whole text: at empty
/// lines where possible, else at line ends, ends of sentences, spaces, or characters.
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<document_citation> split_document(
    std::string_view name, std::string_view text, std::size_t chunk_bytes);

/// Answers a question from documents: nodes "split", "map" (one task a chunk), "gather", "combine"
/// (one task a group of findings) and "write"; see docs/teams.md. Throws `invalid_argument` for a
/// null model or a limit out of range.
[[nodiscard]] MCP_AGENTS_EXPORT graph<documents_state> documents_team(std::string name,
                                                                      documents_options options);

}  // namespace mcp
