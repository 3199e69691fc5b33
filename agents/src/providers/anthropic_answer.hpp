#pragma once

#include "mcp/agents/chat_model.hpp"
#include "providers/chat_wire.hpp"
#include "providers/wire_json.hpp"

#include <memory>
#include <string>

// Answers of the Anthropic protocol: lists of content blocks.
namespace mcp::providers {

/// The tool that stands for structured output, or empty: the answer is a text.
[[nodiscard]] std::string anthropic_output_tool(const chat_request& request);
/// Counts what `usage` holds; members that it lacks keep their value.
void anthropic_usage(const json& usage, token_usage& into);
[[nodiscard]] finish_reason anthropic_finish(const std::string& word, bool has_calls);
/// A whole answer.
[[nodiscard]] chat_answer anthropic_answer(const json& document, const std::string& output_tool);
[[nodiscard]] std::unique_ptr<stream_reader> anthropic_stream_reader(std::string output_tool);

}  // namespace mcp::providers
