#include "providers/scripted_model.hpp"

#include "io/default_loop.hpp"
#include "mcp/agents/model_policies.hpp"
#include "providers/relayed_call.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace mcp::providers {
namespace {

using std::chrono::milliseconds;

struct owned_delta {
  chat_delta::kind what = chat_delta::kind::text;
  std::string text{};
  std::size_t index = 0;
  std::string id{};
  std::string name{};
};

/// Everything that a call will say.
struct performance {
  std::vector<owned_delta> pieces{};
  chat_outcome end{};
  milliseconds delay{0};
  milliseconds interval{0};

  [[nodiscard]] bool immediate() const {
    return delay <= milliseconds{0} && (interval <= milliseconds{0} || pieces.empty());
  }
  void say(std::size_t piece, const chat_handler& handler) const {
    const auto& one = pieces[piece];
    handler.on_delta(
        {.what = one.what, .text = one.text, .index = one.index, .id = one.id, .name = one.name});
  }
};

/// Length of the longest beginning of `text` within `most` bytes that ends with a whole character;
/// at least one byte if there is one.
std::size_t whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  const auto inside = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0u) == 0x80u;
  };
  auto end = most;
  while (end > 0 && inside(end)) --end;
  if (end > 0) return end;
  end = most;
  while (end < text.size() && inside(end)) ++end;
  return end;
}

void cut(std::string_view text, std::size_t piece_bytes, owned_delta piece,
         std::vector<owned_delta>& pieces) {
  do {
    const auto size = whole_characters(text, piece_bytes);
    piece.text = text.substr(0, size);
    text.remove_prefix(size);
    pieces.push_back(piece);
    piece.id.clear();
    piece.name.clear();
  } while (!text.empty());
}

/// A delayed answer. Everything happens on the loop's thread.
class scripted_call final : public chat_call, public std::enable_shared_from_this<scripted_call> {
 public:
  scripted_call(performance plan, chat_handler handler, io::event_loop* loop)
      : plan_(std::move(plan)), handler_(std::move(handler)), loop_(loop) {}

  void cancel() override {
    if (loop_ == nullptr) return;  // it ended before anybody could
    loop_->call_at(loop_->now(), [self = shared_from_this()] { self->end(cancelled_outcome()); });
  }
  void play_at_once() {
    for (std::size_t i = 0; i < plan_.pieces.size(); ++i) plan_.say(i, handler_);
    end(std::move(plan_.end));
  }
  void play() {
    loop_->call_at(loop_->now() + plan_.delay, [self = shared_from_this()] { self->step(); });
  }

 private:
  void step() {
    if (ended_) return;
    while (next_ < plan_.pieces.size()) {
      plan_.say(next_++, handler_);
      if (plan_.interval <= milliseconds{0}) continue;
      loop_->call_at(loop_->now() + plan_.interval, [self = shared_from_this()] { self->step(); });
      return;
    }
    end(std::move(plan_.end));
  }
  void end(chat_outcome outcome) {
    if (std::exchange(ended_, true)) return;
    const auto handler = std::exchange(handler_, {});
    handler.on_end(std::move(outcome));
  }

  performance plan_;
  chat_handler handler_;
  io::event_loop* loop_;
  std::size_t next_ = 0;
  bool ended_ = false;
};

class scripted final : public chat_model {
 public:
  scripted(scripted_options options, io::event_loop* loop)
      : options_(std::move(options)), loop_(loop), used_(options_.rules.size()) {}

  [[nodiscard]] const std::string& name() const noexcept override { return options_.name; }

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    auto plan = rehearse(request, handler.on_delta != nullptr);
    const auto immediate = plan.immediate();
    auto* loop = immediate ? nullptr : loop_ != nullptr ? loop_ : &io::default_loop();
    auto made = std::make_shared<scripted_call>(std::move(plan), std::move(handler), loop);
    immediate ? made->play_at_once() : made->play();
    return made;
  }

 private:
  performance rehearse(const chat_request& request, bool streamed) {
    performance plan;
    try {
      auto answer = choose(request);
      plan.delay = answer.delay;
      plan.interval = options_.piece_interval;
      auto whole = complete(request, answer);
      if (streamed) {
        const auto& reply = whole.reply;
        if (!reply.content.empty()) cut(reply.content, options_.piece_bytes, {}, plan.pieces);
        for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
          const auto& call = reply.tool_calls[i];
          cut(call.arguments, options_.piece_bytes,
              {.what = chat_delta::kind::tool_call, .index = i, .id = call.id, .name = call.name},
              plan.pieces);
        }
      }
      if (answer.failure) {
        plan.end.failure = std::move(answer.failure);
      } else {
        plan.end.answer = std::move(whole);
      }
    } catch (const error& reason) {
      plan.end = failed_outcome(reason);
    } catch (const std::exception& reason) {
      plan.end = failed_outcome({errc::node_failed, std::string{"the rule of "} + options_.name +
                                                        " failed: " + reason.what()});
    }
    return plan;
  }

  scripted_answer choose(const chat_request& request) {
    const std::lock_guard lock{mutex_};
    const auto* last = request.messages.empty() ? nullptr : &request.messages.back();
    for (std::size_t i = 0; i < options_.rules.size(); ++i) {
      const auto& rule = options_.rules[i];
      if (!applies(rule, request, last)) continue;
      if (rule.answer) return rule.answer(request);
      return rule.answers[std::min(used_[i]++, rule.answers.size() - 1)];
    }
    constexpr std::size_t shown = 200;
    throw error{
        errc::model_rejected,
        "no rule of " + options_.name +
            (last == nullptr
                 ? " applies to a question without messages"
                 : " applies to the " + last->role + " message \"" +
                       last->content.substr(0, whole_characters(last->content, shown)) + "\"")};
  }

  static bool applies(const scripted_rule& rule, const chat_request& request, const message* last) {
    const auto by_text = !rule.role.empty() || !rule.equals.empty() || !rule.contains.empty();
    if (by_text && last == nullptr) return false;
    if (!rule.role.empty() && last->role != rule.role) return false;
    if (!rule.equals.empty() && last->content != rule.equals) return false;
    if (!rule.contains.empty() && last->content.find(rule.contains) == std::string::npos) {
      return false;
    }
    return !rule.matches || rule.matches(request);
  }

  chat_answer complete(const chat_request& request, scripted_answer& answer) const {
    chat_answer whole;
    whole.model = options_.name;
    whole.reply = assistant_message(std::move(answer.text));
    whole.reply.tool_calls = std::move(answer.tool_calls);
    auto& calls = whole.reply.tool_calls;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      // Unique within a conversation, which grows from one question to the next.
      if (calls[i].id.empty()) {
        calls[i].id = "call_" + std::to_string(request.messages.size()) + "_" + std::to_string(i);
      }
    }
    if (!calls.empty()) whole.finish = finish_reason::tool_calls;
    auto& text = whole.reply.content;
    if (const auto most = request.max_tokens; most && estimated_tokens(text) > *most) {
      const auto bytes = 3 * static_cast<std::size_t>(std::max<std::int64_t>(*most, 0));
      text.resize(bytes == 0 ? 0 : std::min(bytes, whole_characters(text, bytes)));
      whole.finish = finish_reason::length;
    }
    whole.usage = answer.usage ? *answer.usage : estimate(request, whole.reply);
    return whole;
  }

  static token_usage estimate(const chat_request& request, const message& reply) {
    auto output = estimated_tokens(reply.content);
    for (const auto& call : reply.tool_calls) {
      output += estimated_tokens(call.name) + estimated_tokens(call.arguments);
    }
    return {.input = estimated_tokens(request), .output = output};
  }

  const scripted_options options_;
  io::event_loop* const loop_;
  std::mutex mutex_;
  std::vector<std::size_t> used_;  ///< answers given, per rule
};

}  // namespace

std::shared_ptr<chat_model> make_scripted_model(scripted_options options, io::event_loop* loop) {
  if (options.piece_bytes == 0) {
    throw error{errc::invalid_argument, "scripted_options::piece_bytes is 0; it is at least 1"};
  }
  for (std::size_t i = 0; i < options.rules.size(); ++i) {
    const auto& rule = options.rules[i];
    if (rule.answer || !rule.answers.empty()) continue;
    throw error{errc::invalid_argument,
                "rule " + std::to_string(i) + " of " + options.name + " has no answer"};
  }
  return std::make_shared<scripted>(std::move(options), loop);
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> scripted_model(scripted_options options) {
  return providers::make_scripted_model(std::move(options), nullptr);
}

}  // namespace mcp
