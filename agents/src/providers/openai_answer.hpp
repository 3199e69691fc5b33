#pragma once

#include "mcp/agents/chat_model.hpp"
#include "providers/wire_json.hpp"

#include <cstddef>
#include <string>

// Parts of OpenAI answers that whole and streamed ones share.
namespace mcp::providers {

[[nodiscard]] finish_reason openai_finish(const std::string& word, bool has_calls);
[[nodiscard]] token_usage openai_usage(const json& usage);
/// A string, or Mistral's list of parts, of which the text counts.
[[nodiscard]] std::string openai_content(const json& content);
/// Of a call's function: text, or an object where a server sends one.
[[nodiscard]] std::string openai_arguments(const json& function);
/// For servers that give calls no id.
[[nodiscard]] std::string openai_call_id(const std::string& answer_id, std::size_t index);
[[nodiscard]] error openai_too_many_calls();
/// A whole answer.
[[nodiscard]] chat_answer openai_answer(const json& document);

}  // namespace mcp::providers
