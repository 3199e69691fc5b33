#include "mcp/agents/tool_node.hpp"

#include "tools/tool_runner.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace mcp::detail {
namespace {

using end_handler = std::function<void(tool_call_end)>;

message tool_message(const tool_call& call, std::string content) {
  return {
      .role = "tool", .content = std::move(content), .tool_call_id = call.id, .name = call.name};
}

bool tells_model(const tool_options& options, errc code) {
  if (code == errc::invalid_tool_call) return true;
  return options.tell_model && code != errc::cancelled && code != errc::budget_exceeded;
}

tool_call_end end_of(const tool_call& call, const tool_options& options, tools::call_end ended) {
  if (ended.result) {
    return {.answer = tool_message(call, std::move(ended.result->content)),
            .failed = ended.result->is_error};
  }
  const auto& reason = ended.failed->error;
  if (tells_model(options, reason.code())) {
    return {.answer = tool_message(call, "Error: " + reason.message()), .failed = true};
  }
  return {.failure = error{reason.code(), "the tool \"" + call.name + "\": " + reason.message()}};
}

/// What a person makes of the call: the arguments to use, or the text to answer with.
struct verdict {
  std::string arguments{};
  std::optional<std::string> text{};
  bool refused = false;
};

verdict ask_person(const tool_call& call, const tool& what, context& ctx) {
  const auto answer = ctx.ask<tool_answer>(
      tool_question{call.name, call.arguments, what.description().description});
  switch (answer.type) {
    case tool_decision::accept:
      return {.arguments = call.arguments};
    case tool_decision::edit:
      return {.arguments = answer.arguments};
    case tool_decision::respond:
      return {.text = answer.message};
    case tool_decision::reject:
      break;
  }
  const auto reason = answer.message.empty() ? std::string{"."} : ": " + answer.message;
  return {.text = "Error: a person refused this call of " + call.name + reason, .refused = true};
}

/// Stops a call that may have ended before its starter knows of it. Safe from any thread.
class call_stopper {
 public:
  /// Weak: the node's context is kept by the call, and must not keep the call in turn.
  void holds(const std::shared_ptr<tools::running_call>& call) {
    {
      const std::lock_guard lock{mutex_};
      call_ = call;
      if (!stopped_) return;
    }
    call->cancel();
  }
  void stop() {
    std::shared_ptr<tools::running_call> call;
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
      call = call_.lock();
    }
    if (call) call->cancel();
  }

 private:
  std::mutex mutex_;
  std::weak_ptr<tools::running_call> call_;
  bool stopped_ = false;
};

}  // namespace

void run_tool_call(const tool_set& tools, const tool_call& call, context& ctx, end_handler on_end) {
  const auto runner = tools.runner(call.name);
  if (!runner) {
    return on_end(
        {.answer = tool_message(call, unknown_tool_text(tools, call.name)), .failed = true});
  }
  const auto& options = runner->what()->options();
  auto arguments = call.arguments;
  if (options.approval && options.approval(call)) {
    auto said = ask_person(call, *runner->what(), ctx);
    if (said.text) {
      return on_end({.answer = tool_message(call, std::move(*said.text)), .failed = said.refused});
    }
    arguments = std::move(said.arguments);
  }
  // The tool may have effects: not before its key would be the same after a crash. `on_end` keeps
  // the context.
  ctx.when_durable(
      [runner, call, arguments = std::move(arguments), &ctx, on_end = std::move(on_end)]() mutable {
        // Before the call: once it has been answered, the context is another thread's.
        const auto stopper = std::make_shared<call_stopper>();
        ctx.on_cancel([stopper] { stopper->stop(); });
        stopper->holds(runner->start(
            {.call_id = call.id,
             .idempotency_key = ctx.task_id() + "/" + call.id,
             .arguments = std::move(arguments),
             .context = &ctx},
            [call, what = runner->what(), on_end = std::move(on_end)](tools::call_end ended) {
              on_end(end_of(call, what->options(), std::move(ended)));
            }));
      });
}

const std::vector<tool_call>& pending_calls(const std::vector<message>& messages) {
  static const std::vector<tool_call> none;
  if (messages.empty() || messages.back().role != "assistant") return none;
  const auto& calls = messages.back().tool_calls;
  if (calls.size() > max_tool_calls) {
    throw error{errc::too_large, "the model asks for " + std::to_string(calls.size()) +
                                     " calls of tools in one message, more than " +
                                     std::to_string(max_tool_calls)};
  }
  return calls;
}

}  // namespace mcp::detail
