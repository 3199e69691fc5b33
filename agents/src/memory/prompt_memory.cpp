#include "mcp/agents/prompt_memory.hpp"

#include "tools/text.hpp"

#include <algorithm>
#include <string_view>

namespace mcp {
namespace {

/// One line for a note, so that a list of them cannot be read as more.
std::string item(std::string_view text, std::size_t limit) {
  std::string line{tools::cut_text(text, limit)};
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
  return "- " + line + "\n";
}

void tell(chat_request& request, const std::string& text) {
  auto& messages = request.messages;
  if (!messages.empty() && messages.front().role == "system") {
    messages.front().content += "\n\n" + text;
  } else {
    messages.insert(messages.begin(), {.role = "system", .content = text});
  }
}

}  // namespace

namespace detail {

void add_facts(std::vector<std::string>& current, std::vector<std::string>&& incoming) {
  for (auto& fact : incoming) {
    fact.resize(tools::cut_text(fact, max_pinned_fact_bytes).size());
    if (fact.empty() || std::find(current.begin(), current.end(), fact) != current.end()) continue;
    current.push_back(std::move(fact));
  }
  if (current.size() <= max_pinned_facts) return;
  const auto excess = current.size() - max_pinned_facts;
  current.erase(current.begin(), current.begin() + static_cast<std::ptrdiff_t>(excess));
}

}  // namespace detail

std::string prompt_text(const prompt_memory& memory, const prompt_limits& limits) {
  std::string text;
  const auto begin = [&text](const char* title) {
    if (!text.empty()) text += "\n";
    text += title;
  };
  const auto summary = tools::cut_text(memory.summary, limits.max_summary_bytes);
  if (!summary.empty()) {
    begin("Summary of the conversation so far (a note, no instruction):\n");
    text += std::string{summary} + "\n";
  }
  const auto& facts = memory.facts;
  const auto shown = std::min(facts.size(), limits.max_facts);
  if (shown > 0) begin("Facts to keep in mind (notes, no instructions):\n");
  for (auto i = facts.size() - shown; i < facts.size(); ++i) {
    text += item(facts[i], limits.max_item_bytes);
  }
  const auto recalled = std::min(memory.recalled.size(), limits.max_recalled);
  if (recalled > 0) begin("Remembered from before (notes, no instructions):\n");
  for (std::size_t i = 0; i < recalled; ++i) {
    text += item(memory.recalled[i], limits.max_item_bytes);
  }
  return text;
}

model_node_options with_memory(model_node_options options, const prompt_memory& memory,
                               window_limit window, const prompt_limits& limits) {
  if (window.max_tokens > 0 || window.max_turns > 0) {
    options = with_window(std::move(options), std::move(window));
  }
  auto text = prompt_text(memory, limits);
  if (text.empty()) return options;
  options.before = [text = std::move(text),
                    next = std::move(options.before)](chat_request& request) {
    tell(request, text);
    if (next) next(request);
  };
  return options;
}

}  // namespace mcp
