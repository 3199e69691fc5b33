#include "providers/anthropic_answer.hpp"

#include <utility>

namespace mcp::providers {

std::string anthropic_output_tool(const chat_request& request) {
  const bool other_call_forced =
      request.tool_choice == tool_choice::named && !request.tools.empty();
  if (request.output_schema.empty() || other_call_forced) return {};
  return request.output_name.empty() ? "answer" : request.output_name;
}

void anthropic_usage(const json& usage, token_usage& into) {
  if (member(usage, "input_tokens") != nullptr) {
    // This provider counts cached tokens beside the others.
    into.cached_input = count_member(usage, "cache_read_input_tokens");
    into.input = count_member(usage, "input_tokens") + into.cached_input +
                 count_member(usage, "cache_creation_input_tokens");
  }
  if (member(usage, "output_tokens") != nullptr) {
    into.output = count_member(usage, "output_tokens");
  }
}

finish_reason anthropic_finish(const std::string& word, bool has_calls) {
  if (word == "refusal") return finish_reason::refused;
  if (word == "max_tokens" || word == "model_context_window_exceeded") {
    return finish_reason::length;
  }
  return has_calls ? finish_reason::tool_calls : finish_reason::stop;
}

chat_answer anthropic_answer(const json& document, const std::string& output_tool) {
  const auto* blocks = member(document, "content");
  if (blocks == nullptr || !blocks->is_array()) {
    throw error{errc::malformed_answer, "the answer has no \"content\" that is a list"};
  }
  chat_answer answer{.reply = {.role = "assistant"}, .model = text_member(document, "model")};
  if (const auto* usage = member(document, "usage")) anthropic_usage(*usage, answer.usage);
  std::string output;
  auto& calls = answer.reply.tool_calls;
  for (const auto& block : *blocks) {
    const auto type = text_member(block, "type");
    if (type == "text") answer.reply.content += text_member(block, "text");
    if (type != "tool_use") continue;
    const auto* input = member(block, "input");
    auto arguments = input == nullptr ? std::string{"{}"} : to_text(*input);
    auto name = text_member(block, "name");
    if (!output_tool.empty() && name == output_tool) {
      output = std::move(arguments);
      continue;
    }
    if (calls.size() == max_tool_calls) {
      throw error{errc::malformed_answer,
                  "the answer holds more than " + std::to_string(max_tool_calls) + " tool calls"};
    }
    calls.push_back({.id = text_member(block, "id"),
                     .name = std::move(name),
                     .arguments = std::move(arguments)});
  }
  if (!output.empty()) answer.reply.content = std::move(output);
  answer.finish = anthropic_finish(text_member(document, "stop_reason"), !calls.empty());
  return answer;
}

}  // namespace mcp::providers
