#include "mcp/agents/guards.hpp"
#include "providers/model_around.hpp"
#include "providers/relayed_call.hpp"

#include <utility>

namespace mcp {
namespace {

/// A call that had ended before anybody could cancel it.
class ended_call final : public chat_call {
 public:
  void cancel() override {}
};

/// Shows a checked answer to a caller who wanted to see it come.
void show(const message& reply, const std::function<void(const chat_delta&)>& on_delta) {
  if (!reply.content.empty()) on_delta({.what = chat_delta::kind::text, .text = reply.content});
  for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
    const auto& call = reply.tool_calls[i];
    on_delta({.what = chat_delta::kind::tool_call,
              .text = call.arguments,
              .index = i,
              .id = call.id,
              .name = call.name});
  }
}

/// `outcome` after the guard.
chat_outcome checked(const guard& output, chat_outcome outcome) {
  if (!outcome.answer) return outcome;
  try {
    output.check(*outcome.answer);
    return outcome;
  } catch (const error& reason) {
    return providers::failed_outcome(reason);
  }
}

class guarded_model final : public providers::model_around {
 public:
  guarded_model(std::shared_ptr<chat_model> model, guard_pair guards)
      : model_around(std::move(model)), guards_(std::move(guards)) {}

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    try {
      if (guards_.input) guards_.input->check(request);
    } catch (const error& reason) {
      handler.on_end(providers::failed_outcome(reason));
      return std::make_shared<ended_call>();
    }
    if (!guards_.output) return inner()->start(std::move(request), std::move(handler));
    chat_handler behind;
    behind.on_end = [output = *guards_.output, handler = std::move(handler)](chat_outcome outcome) {
      outcome = checked(output, std::move(outcome));
      if (outcome.answer && handler.on_delta) show(outcome.answer->reply, handler.on_delta);
      handler.on_end(std::move(outcome));
    };
    return inner()->start(std::move(request), std::move(behind));
  }

 private:
  const guard_pair guards_;
};

}  // namespace

std::shared_ptr<chat_model> with_guards(std::shared_ptr<chat_model> model, guard_pair guards) {
  if (!model) throw error{errc::invalid_argument, "with_guards was given a null model"};
  // Checks the guards.
  static_cast<void>(guarded({}, guards));
  return std::make_shared<guarded_model>(std::move(model), std::move(guards));
}

}  // namespace mcp
