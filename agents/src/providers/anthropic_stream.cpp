// The streamed answers of the Anthropic protocol: events that open, fill and close content blocks.
#include "providers/anthropic_answer.hpp"

#include <map>
#include <utility>

namespace mcp::providers {
namespace {

class anthropic_reader final : public stream_reader {
 public:
  explicit anthropic_reader(std::string output_tool) : output_tool_(std::move(output_tool)) {}

  void read(const sse_event& event, const delta_sink& out) override;
  [[nodiscard]] bool done() const override { return done_; }
  [[nodiscard]] bool complete() const override { return done_ || !stop_.empty(); }
  [[nodiscard]] chat_answer take() override;

 private:
  enum class kind { text, call, output, other };
  struct block {
    kind what = kind::other;
    std::size_t call = 0;  // its position among the tool calls
  };

  void open(const json& event, const delta_sink& out);
  void fill(const json& event, const delta_sink& out);
  void text(const std::string& piece, const delta_sink& out);
  [[nodiscard]] static std::int64_t index_of(const json& event);

  std::string output_tool_;
  chat_answer answer_{};
  std::string output_;
  std::map<std::int64_t, block> blocks_;
  std::string stop_;
  bool done_ = false;
};

std::int64_t anthropic_reader::index_of(const json& event) {
  const auto* index = member(event, "index");
  if (index != nullptr && index->is_number_integer()) return index->get<std::int64_t>();
  throw error{errc::malformed_answer, "a content block of the stream has no \"index\""};
}

void anthropic_reader::read(const sse_event& event, const delta_sink& out) {
  if (done_) return;
  const auto document = parse_json(event.data, "a piece of the stream");
  const auto type = text_member(document, "type");
  if (type == "error" || event.type == "error") {
    throw reported_failure{failure_of_event(event.data)};
  }
  if (type == "message_start") {
    if (const auto* started = member(document, "message")) {
      answer_.model = text_member(*started, "model");
      if (const auto* usage = member(*started, "usage")) anthropic_usage(*usage, answer_.usage);
    }
  } else if (type == "content_block_start") {
    open(document, out);
  } else if (type == "content_block_delta") {
    fill(document, out);
  } else if (type == "message_delta") {
    if (const auto* usage = member(document, "usage")) anthropic_usage(*usage, answer_.usage);
    if (const auto* delta = member(document, "delta")) {
      if (auto reason = text_member(*delta, "stop_reason"); !reason.empty()) stop_ = reason;
    }
  } else if (type == "message_stop") {
    done_ = true;
  }
}

void anthropic_reader::open(const json& event, const delta_sink& out) {
  constexpr std::size_t most_blocks = 10'000;
  const auto* content = member(event, "content_block");
  const auto index = index_of(event);
  if (content == nullptr || blocks_.contains(index) || blocks_.size() == most_blocks) {
    throw error{errc::malformed_answer,
                "a content block of the stream is empty, opened twice, or one too many"};
  }
  const auto type = text_member(*content, "type");
  block opened{};
  if (type == "text") {
    opened.what = kind::text;
    text(text_member(*content, "text"), out);
  } else if (type == "tool_use") {
    auto name = text_member(*content, "name");
    auto& calls = answer_.reply.tool_calls;
    opened = {.what = kind::call, .call = calls.size()};
    if (!output_tool_.empty() && name == output_tool_) {
      opened.what = kind::output;
    } else if (calls.size() == max_tool_calls) {
      throw error{errc::malformed_answer,
                  "the answer holds more than " + std::to_string(max_tool_calls) + " tool calls"};
    } else {
      calls.push_back(
          {.id = text_member(*content, "id"), .name = std::move(name), .arguments = {}});
      out({.what = chat_delta::kind::tool_call,
           .text = {},
           .index = opened.call,
           .id = calls.back().id,
           .name = calls.back().name});
    }
  }
  blocks_.emplace(index, opened);
}

void anthropic_reader::fill(const json& event, const delta_sink& out) {
  const auto found = blocks_.find(index_of(event));
  const auto* delta = member(event, "delta");
  if (found == blocks_.end() || delta == nullptr) {
    throw error{errc::malformed_answer, "the stream fills a content block that it did not open"};
  }
  const auto& [what, at] = found->second;
  if (what == kind::text) return text(text_member(*delta, "text"), out);
  if (what == kind::other) return;  // thinking, and kinds to come
  const auto piece = text_member(*delta, "partial_json");
  if (piece.empty()) return;
  if (what == kind::output) {
    output_ += piece;
    out({.what = chat_delta::kind::text, .text = piece});
  } else {
    answer_.reply.tool_calls[at].arguments += piece;
    out({.what = chat_delta::kind::tool_call, .text = piece, .index = at});
  }
}

void anthropic_reader::text(const std::string& piece, const delta_sink& out) {
  answer_.reply.content += piece;
  // Beside structured output a text is no part of the answer.
  if (!piece.empty() && output_tool_.empty()) {
    out({.what = chat_delta::kind::text, .text = piece});
  }
}

chat_answer anthropic_reader::take() {
  auto answer = std::move(answer_);
  answer.reply.role = "assistant";
  for (auto& call : answer.reply.tool_calls) {
    if (call.arguments.empty()) call.arguments = "{}";
  }
  if (!output_.empty()) answer.reply.content = std::move(output_);
  answer.finish = anthropic_finish(stop_, !answer.reply.tool_calls.empty());
  return answer;
}

}  // namespace

std::unique_ptr<stream_reader> anthropic_stream_reader(std::string output_tool) {
  return std::make_unique<anthropic_reader>(std::move(output_tool));
}

}  // namespace mcp::providers
