#include "memory/task_embeddings.hpp"

#include "mcp/agents/model_node.hpp"
#include "mcp/agents/model_policies.hpp"
#include "memory/note_rules.hpp"
#include "providers/carried_embeddings.hpp"

#include <exception>
#include <future>
#include <optional>
#include <utility>

namespace mcp::memories {

std::function<void()> task_embeddings::stop() const {
  return [flight = flight_] {
    std::shared_ptr<embedding_call> call;
    {
      const std::lock_guard lock{flight->mutex};
      flight->cancelled = true;
      call = flight->call;
    }
    if (call) call->cancel();
  };
}

embedding_answer task_embeddings::ask(std::vector<std::string> texts) {
  const auto count = texts.size();
  // Shared: the handler may still be at it when the waiting thread goes on.
  auto promise = std::make_shared<std::promise<embedding_outcome>>();
  auto ended = promise->get_future();
  {
    const std::lock_guard lock{flight_->mutex};
    if (flight_->cancelled) throw error{errc::cancelled, "the task was cancelled"};
  }
  auto call = options_->embeddings->start(
      {.texts = std::move(texts),
       .tag = {.run = std::string{ctx_.run_id()}, .traceparent = ctx_.traceparent()}},
      [promise](embedding_outcome outcome) { promise->set_value(std::move(outcome)); });
  bool cancelled = false;
  {
    const std::lock_guard lock{flight_->mutex};
    flight_->call = call;
    cancelled = flight_->cancelled;
  }
  if (cancelled && call) call->cancel();
  auto outcome = ended.get();
  {
    const std::lock_guard lock{flight_->mutex};
    flight_->call.reset();
  }
  if (outcome.failure) throw std::move(outcome.failure->error);
  providers::check_embedding_answer(*outcome.answer, count);
  return std::move(*outcome.answer);
}

task_embeddings::vectors task_embeddings::embed(std::vector<std::string> texts) {
  if (texts.empty()) return {};
  std::int64_t estimate = 0;
  for (const auto& text : texts) estimate += estimated_tokens(text);
  auto tokens = ctx_.reserve("tokens", estimate);
  std::optional<reservation> cost;
  if (options_->price) {
    cost.emplace(ctx_.reserve("cost_micros", cost_of({.input = estimate}, *options_->price)));
  }
  embedding_answer answer;
  try {
    answer = ask(std::move(texts));
  } catch (const error& reason) {
    if (options_->require_embeddings || always_fails(reason.code())) throw;
    ctx_.emit("memory_degraded", reason.what());
    return {};
  }
  const auto used = answer.usage.total() > 0 ? answer.usage : token_usage{.input = estimate};
  if (cost) cost->settle(cost_of(used, *options_->price));
  tokens.settle(used.total());
  return std::move(answer.vectors);
}

}  // namespace mcp::memories
