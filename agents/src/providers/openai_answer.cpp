#include "providers/openai_answer.hpp"

#include "providers/chat_wire.hpp"

#include <utility>

namespace mcp::providers {

finish_reason openai_finish(const std::string& word, bool has_calls) {
  if (word == "content_filter") return finish_reason::refused;
  if (word == "length" || word == "model_length") return finish_reason::length;
  return has_calls ? finish_reason::tool_calls : finish_reason::stop;
}

token_usage openai_usage(const json& usage) {
  token_usage used{.input = count_member(usage, "prompt_tokens"),
                   .output = count_member(usage, "completion_tokens"),
                   .cached_input = 0};
  if (const auto* details = member(usage, "prompt_tokens_details")) {
    used.cached_input = count_member(*details, "cached_tokens");
  }
  return used;
}

std::string openai_content(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw error{errc::malformed_answer, "the content is neither a text nor a list of parts"};
  }
  std::string text;
  for (const auto& part : content) {
    if (text_member(part, "type") == "text") text += text_member(part, "text");
  }
  return text;
}

std::string openai_arguments(const json& function) {
  const auto* arguments = member(function, "arguments");
  if (arguments == nullptr) return {};
  return arguments->is_string() ? arguments->get<std::string>() : to_text(*arguments);
}

std::string openai_call_id(const std::string& answer_id, std::size_t index) {
  return (answer_id.empty() ? "call" : answer_id) + "-" + std::to_string(index);
}

error openai_too_many_calls() {
  return error{errc::malformed_answer,
               "the answer holds more than " + std::to_string(max_tool_calls) + " tool calls"};
}

chat_answer openai_answer(const json& document) {
  const auto* choices = member(document, "choices");
  const auto* said = choices != nullptr && choices->is_array() && !choices->empty()
                         ? member(choices->front(), "message")
                         : nullptr;
  if (said == nullptr || !said->is_object()) {
    throw error{errc::malformed_answer, "the answer has no \"choices\" with a \"message\""};
  }
  chat_answer answer{.reply = {.role = "assistant"}, .model = text_member(document, "model")};
  if (const auto* usage = member(document, "usage")) answer.usage = openai_usage(*usage);
  if (const auto* content = member(*said, "content")) {
    answer.reply.content = openai_content(*content);
  }
  auto& calls = answer.reply.tool_calls;
  if (const auto* list = member(*said, "tool_calls"); list != nullptr && list->is_array()) {
    if (list->size() > max_tool_calls) throw openai_too_many_calls();
    for (const auto& item : *list) {
      const auto* function = member(item, "function");
      if (function == nullptr) throw error{errc::malformed_answer, "a tool call has no function"};
      tool_call call{.id = text_member(item, "id"),
                     .name = text_member(*function, "name"),
                     .arguments = openai_arguments(*function)};
      if (call.id.empty()) call.id = openai_call_id(text_member(document, "id"), calls.size());
      if (call.arguments.empty()) call.arguments = "{}";
      calls.push_back(std::move(call));
    }
  }
  answer.finish = openai_finish(text_member(choices->front(), "finish_reason"), !calls.empty());
  if (auto refusal = text_member(*said, "refusal"); !refusal.empty()) {
    answer.finish = finish_reason::refused;
    answer.reply.content += refusal;
  }
  return answer;
}

}  // namespace mcp::providers
