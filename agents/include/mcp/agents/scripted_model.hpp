#pragma once

#include "mcp/agents/chat_model.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A model that needs no network: it answers by rules, the same way each time.
///     auto model = mcp::scripted_model({.rules = {
///         {.contains = "weather", .answers = {{.tool_calls = {{"1", "weather",
///         R"({"in":"Oslo"})"}}}}},
///         {.role = "tool", .answers = {{.text = "It rains."}}},
///     }});
namespace mcp {

/// One answer: a failure, or text and tool calls.
struct scripted_answer {
  std::string text{};
  std::vector<tool_call> tool_calls{};
  std::optional<model_failure> failure{};  ///< after `text` was streamed
  std::chrono::milliseconds delay{0};      ///< before the first piece
  std::optional<token_usage> usage{};      ///< absent: estimated from the texts
};

/// When to give which answer. All conditions that are set must hold.
struct scripted_rule {
  std::string role{};      ///< of the last message
  std::string equals{};    ///< the last message's text
  std::string contains{};  ///< part of the last message's text
  std::function<bool(const chat_request&)> matches{};
  std::vector<scripted_answer> answers{};  ///< one call after the other; the last one is repeated
  /// Makes the answer, in place of `answers`; may throw `mcp::error`. Called by one thread at a
  /// time.
  std::function<scripted_answer(const chat_request&)> answer{};
};

struct scripted_options {
  std::string name = "scripted/model";
  std::vector<scripted_rule> rules{};  ///< the first that matches counts
  std::size_t piece_bytes = 12;        ///< streamed at once; at least 1; characters are kept whole
  std::chrono::milliseconds piece_interval{0};  ///< between pieces
};

/// A question without a rule fails with `model_rejected`. Text beyond `chat_request::max_tokens` is
/// cut off. Without delays everything happens before `start` returns. Throws `invalid_argument` for
/// a rule without answers or pieces of no bytes.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> scripted_model(
    scripted_options options);

}  // namespace mcp
