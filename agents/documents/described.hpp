#pragma once

#include "compose.hpp"

#include <mcp/describe.hpp>

namespace mcp::documents {

// The plain structs as parts of states and as arguments of tools.
MCP_STRUCT(question, text, type, words, terms, phrases, focus_paths, clarified)
MCP_STRUCT(sub_question, text, type, required, words, terms, context, phrases, focus_paths,
           query_terms, expansion)
MCP_STRUCT(hit, passage, score)
MCP_STRUCT(evidence, text, path, line, last_line, score, coverage, cue, sub_question, heading, kind)
MCP_STRUCT(verdict, sub_question, state, reason, absent_words, retry, query_terms, expansion,
           change)
MCP_STRUCT(source, number, path, line, last_line, quote)
MCP_STRUCT(answer, markdown, sources, gaps)

}  // namespace mcp::documents
