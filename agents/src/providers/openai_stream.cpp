// The streamed answers of the OpenAI protocol: chunks of one choice, then "[DONE]".
#include "providers/openai_answer.hpp"
#include "providers/openai_wire.hpp"
#include "providers/wire_json.hpp"

#include <map>
#include <utility>

namespace mcp::providers {
namespace {

class openai_reader final : public stream_reader {
 public:
  void read(const sse_event& event, const delta_sink& out) override;
  [[nodiscard]] bool done() const override { return done_; }
  [[nodiscard]] bool complete() const override { return !finish_.empty() || (done_ && any_); }
  [[nodiscard]] chat_answer take() override;

 private:
  void choice(const json& content, const delta_sink& out);
  void text(const std::string& piece, const delta_sink& out);
  void call(const json& piece, const delta_sink& out);
  [[nodiscard]] std::pair<std::size_t, bool> position(const json& piece);

  chat_answer answer_{};
  std::map<std::int64_t, std::size_t> positions_;  // the server's index of a call -> ours
  std::string answer_id_;
  std::string finish_;
  bool refused_ = false;
  bool any_ = false;
  bool done_ = false;
};

void openai_reader::read(const sse_event& event, const delta_sink& out) {
  if (done_) return;
  if (event.data == "[DONE]") {
    done_ = true;
    if (!any_) throw error{errc::malformed_answer, "the stream ended without an answer"};
    return;
  }
  const auto chunk = parse_json(event.data, "a piece of the stream");
  if (!chunk.is_object()) {
    throw error{errc::malformed_answer, "a piece of the stream is not a JSON object"};
  }
  if (member(chunk, "error") != nullptr || event.type == "error") {
    throw reported_failure{failure_of_event(event.data)};
  }
  if (answer_.model.empty()) answer_.model = text_member(chunk, "model");
  if (answer_id_.empty()) answer_id_ = text_member(chunk, "id");
  if (const auto* usage = member(chunk, "usage")) answer_.usage = openai_usage(*usage);
  const auto* choices = member(chunk, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) return;  // usage alone
  any_ = true;
  choice(choices->front(), out);
}

void openai_reader::choice(const json& content, const delta_sink& out) {
  if (const auto* delta = member(content, "delta")) {
    if (const auto* said = member(*delta, "content")) text(openai_content(*said), out);
    if (auto refusal = text_member(*delta, "refusal"); !refusal.empty()) {
      refused_ = true;
      text(refusal, out);
    }
    const auto* calls = member(*delta, "tool_calls");
    if (calls != nullptr && calls->is_array()) {
      for (const auto& piece : *calls) call(piece, out);
    }
  }
  if (auto reason = text_member(content, "finish_reason"); !reason.empty()) finish_ = reason;
}

void openai_reader::text(const std::string& piece, const delta_sink& out) {
  if (piece.empty()) return;
  answer_.reply.content += piece;
  out({.what = chat_delta::kind::text, .text = piece});
}

/// Which call a piece belongs to, and whether it is its first. Servers that number no calls begin
/// each with an id.
std::pair<std::size_t, bool> openai_reader::position(const json& piece) {
  auto& calls = answer_.reply.tool_calls;
  const auto* index = member(piece, "index");
  const auto id = text_member(piece, "id");
  if (index == nullptr || !index->is_number_integer()) {
    const bool next = calls.empty() || (!id.empty() && id != calls.back().id);
    return {next ? calls.size() : calls.size() - 1, next};
  }
  const auto [found, is_new] = positions_.try_emplace(index->get<std::int64_t>(), calls.size());
  return {found->second, is_new};
}

void openai_reader::call(const json& piece, const delta_sink& out) {
  const auto [at, is_new] = position(piece);
  auto& calls = answer_.reply.tool_calls;
  if (is_new) {
    if (calls.size() == max_tool_calls) throw openai_too_many_calls();
    calls.push_back({.id = text_member(piece, "id"), .name = {}, .arguments = {}});
    if (calls.back().id.empty()) calls.back().id = openai_call_id(answer_id_, at);
  }
  auto& target = calls[at];
  const auto* function = member(piece, "function");
  const auto name = function == nullptr ? std::string{} : text_member(*function, "name");
  const auto text = function == nullptr ? std::string{} : openai_arguments(*function);
  if (name != target.name) target.name += name;  // some servers repeat it, others cut it
  target.arguments += text;
  if (!is_new && text.empty()) return;
  chat_delta delta{.what = chat_delta::kind::tool_call, .text = text, .index = at};
  if (is_new) {
    delta.id = target.id;
    delta.name = target.name;
  }
  out(delta);
}

chat_answer openai_reader::take() {
  auto answer = std::move(answer_);
  answer.reply.role = "assistant";
  for (auto& made : answer.reply.tool_calls) {
    if (made.arguments.empty()) made.arguments = "{}";
  }
  answer.finish =
      refused_ ? finish_reason::refused : openai_finish(finish_, !answer.reply.tool_calls.empty());
  return answer;
}

}  // namespace

std::unique_ptr<stream_reader> openai_stream_reader() {
  return std::make_unique<openai_reader>();
}

}  // namespace mcp::providers
