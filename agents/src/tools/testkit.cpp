#include "mcp/agents/testkit.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

namespace mcp::testkit {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
  auto found = json::parse(text, nullptr, false);
  if (found.is_discarded()) {
    throw error{errc::invalid_argument, "the expected arguments are no JSON: " + text};
  }
  return found;
}

/// All that `expected` says is so in `found`.
bool covers(const json& found, const json& expected) {
  if (!expected.is_object() || !found.is_object()) return found == expected;
  return std::all_of(expected.items().begin(), expected.items().end(), [&](const auto& member) {
    const auto there = found.find(member.key());
    return there != found.end() && covers(*there, member.value());
  });
}

std::string listed(const std::vector<tool_call>& calls) {
  std::string text = calls.empty() ? "no calls" : "";
  for (const auto& call : calls) {
    text += (text.empty() ? "" : ", ") + call.name + " " + call.arguments;
  }
  return text;
}

}  // namespace

fake_tool::fake_tool(std::string name, std::vector<answer> answers, tool_options options)
    : description_{std::move(name), "A tool of a test.", R"({"type":"object"})"},
      options_(std::move(options)),
      answers_(std::move(answers)) {
  if (answers_.empty()) {
    throw error{errc::invalid_argument,
                "the fake tool \"" + description_.name + "\" has no answer; give it at least one"};
  }
}

void fake_tool::start(const std::string& arguments, tool_reply reply) {
  std::size_t turn = 0;
  {
    const std::lock_guard lock{mutex_};
    turn = std::min(calls_.size(), answers_.size() - 1);
    calls_.push_back(arguments);
  }
  const auto& said = answers_[turn];
  if (said.error) throw mcp::error{*said.error};
  reply.done({.content = said.content});
}

std::vector<std::string> fake_tool::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

std::vector<tool_call> calls_of(const std::vector<message>& conversation) {
  std::vector<tool_call> calls;
  for (const auto& one : conversation) {
    calls.insert(calls.end(), one.tool_calls.begin(), one.tool_calls.end());
  }
  return calls;
}

std::string difference(const std::vector<message>& conversation,
                       const std::vector<expected_call>& expected) {
  const auto calls = calls_of(conversation);
  const auto differs = [&](std::size_t n, const std::string& how) {
    return "call " + std::to_string(n + 1) + " " + how + "; the conversation has " + listed(calls);
  };
  for (std::size_t n = 0; n < std::max(calls.size(), expected.size()); ++n) {
    if (n >= calls.size()) return differs(n, "of " + expected[n].tool + " is missing");
    if (n >= expected.size()) return differs(n, "of " + calls[n].name + " is not expected");
    if (calls[n].name != expected[n].tool) return differs(n, "is not of " + expected[n].tool);
    if (expected[n].arguments.empty()) continue;
    const auto wanted = parsed(expected[n].arguments);
    const auto found = json::parse(calls[n].arguments, nullptr, false);
    if (!covers(found, wanted)) return differs(n, "has not the arguments " + wanted.dump());
  }
  return {};
}

std::string unanswered(const std::vector<message>& conversation) {
  std::map<std::string, int> open;
  for (const auto& one : conversation) {
    for (const auto& call : one.tool_calls) {
      if (++open[call.id] > 1) return "two calls have the id \"" + call.id + "\"";
    }
    if (one.role != "tool") continue;
    const auto call = open.find(one.tool_call_id);
    if (call == open.end()) return "an answer to the unknown call \"" + one.tool_call_id + "\"";
    if (--call->second < 0) return "the call \"" + one.tool_call_id + "\" is answered twice";
  }
  for (const auto& [id, left] : open) {
    if (left > 0) return "the call \"" + id + "\" has no answer";
  }
  return {};
}

}  // namespace mcp::testkit
