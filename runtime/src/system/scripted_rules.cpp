#include "mcp/agents/scripted_model.hpp"
#include "system/model_factory.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

json conversation_of(const chat_request& request) {
  auto result = json::array();
  for (const auto& one : request.messages) result.push_back(json::parse(mcp::to_json(one)));
  return result;
}

void fill(sandbox& box, const chat_request& request) {
  box.set("messages", conversation_of(request));
  box.set("text", request.messages.empty() ? json{} : json(request.messages.back().content));
}

/// Gives calls without an id one that no other call of the conversation has.
void number_calls(scripted_answer& answer, const chat_request& request) {
  std::size_t index = 0;
  for (auto& call : answer.tool_calls) {
    ++index;
    if (!call.id.empty()) continue;
    call.id = "call_" + std::to_string(request.messages.size()) + "_" + std::to_string(index);
  }
}

/// What a script returned: a text, or {text, tool_calls}.
scripted_answer answer_of(const json& result) {
  scripted_answer answer;
  if (!result.is_object()) {
    answer.text = shown(result);
    return answer;
  }
  answer.text = shown(result.value("text", json{}));
  for (const auto& one : result.value("tool_calls", json::array())) {
    if (!one.is_object() || !one.contains("name")) {
      throw error{errc::script_failed, "a rule returned a call of a tool without a name"};
    }
    answer.tool_calls.push_back({shown(one.value("id", json{})), shown(one["name"]),
                                 shown(one.value("arguments", json::object()))});
  }
  return answer;
}

std::function<scripted_answer(const chat_request&)> answers_of(const rule_description& rule,
                                                               const script_limits& limits) {
  if (rule.lua) {
    return [script = *rule.lua, limits](const chat_request& request) {
      sandbox box{limits};
      fill(box, request);
      auto answer = answer_of(box.call(script));
      number_calls(answer, request);
      return answer;
    };
  }
  return
      [answers = rule.answers, limits, next = std::size_t{0}](const chat_request& request) mutable {
        const auto& chosen = answers[std::min(next++, answers.size() - 1)];
        scripted_answer answer{.tool_calls = chosen.tool_calls, .delay = chosen.delay};
        if (chosen.text.constant()) {
          answer.text = chosen.text.text();
        } else {
          sandbox box{limits};
          fill(box, request);
          answer.text = chosen.text.render(box);
        }
        number_calls(answer, request);
        return answer;
      };
}

}  // namespace

std::shared_ptr<chat_model> make_scripted_model(const model_description& what,
                                                const script_limits& limits) {
  scripted_options options;
  options.name = "scripted/" + what.name;
  for (const auto& rule : what.rules) {
    if (rule.answers.empty() && !rule.lua) continue;
    options.rules.push_back({.role = rule.role,
                             .equals = rule.equals,
                             .contains = rule.contains,
                             .answer = answers_of(rule, limits)});
  }
  if (options.rules.empty()) {
    options.rules.push_back({.answer = [](const chat_request& request) {
      const auto text = request.messages.empty() ? std::string{} : request.messages.back().content;
      return scripted_answer{.text = "scripted answer to: " + text};
    }});
  }
  return scripted_model(std::move(options));
}

}  // namespace mcp::cluster
