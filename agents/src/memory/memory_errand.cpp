#include "memory/memory_errand.hpp"

#include "io/thread_pool.hpp"
#include "memory/note_rules.hpp"
#include "providers/carried_embeddings.hpp"

#include <exception>
#include <utility>

namespace mcp::memories {

void memory_errand::watch(const stop_hook& on_cancel) {
  on_cancel([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->cancel();
  });
}

void memory_errand::cancel() {
  std::shared_ptr<embedding_call> call;
  {
    const std::lock_guard lock{mutex_};
    cancelled_ = true;
    call = call_;
  }
  if (call) call->cancel();
}

void memory_errand::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const error& reason) {
    fail(reason);
  } catch (const std::exception& reason) {
    fail(error{errc::node_failed, reason.what()});
  }
}

void memory_errand::step(const std::function<void()>& work) {
  guarded([&] {
    {
      const std::lock_guard lock{mutex_};
      if (cancelled_) throw error{errc::cancelled, "the task was cancelled"};
    }
    work();
  });
}

void memory_errand::fail(error reason) {
  if (!may_answer()) return;
  // What is left of the reservations goes back before the task has its answer: the context may end
  // with it.
  cost_.reset();
  tokens_.reset();
  fail_(std::move(reason));
}

void memory_errand::embed(std::vector<std::string> texts,
                          std::function<void(embedding_outcome)> then) {
  estimate_ = 0;
  for (const auto& text : texts) estimate_ += estimated_tokens(text);
  tokens_.emplace(ctx_.reserve("tokens", estimate_));
  if (options_->price) {
    cost_.emplace(ctx_.reserve("cost_micros", cost_of({.input = estimate_}, *options_->price)));
  }
  const auto count = texts.size();
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    number = ended_;
  }
  auto call = options_->embeddings->start(
      {.texts = std::move(texts),
       .tag = {.run = std::string{ctx_.run_id()}, .traceparent = ctx_.traceparent()}},
      [self = shared_from_this(), count, then = std::move(then)](embedding_outcome outcome) {
        self->guarded([&] { self->hear(std::move(outcome), count, then); });
      });
  {
    const std::lock_guard lock{mutex_};
    if (ended_ != number) return;
    call_ = call;
    if (!cancelled_) return;
  }
  if (call) call->cancel();
}

void memory_errand::hear(embedding_outcome outcome, std::size_t texts,
                         const std::function<void(embedding_outcome)>& then) {
  std::shared_ptr<embedding_call> call;  // let go of outside the lock
  {
    const std::lock_guard lock{mutex_};
    ++ended_;
    call = std::move(call_);
  }
  if (outcome.answer) {
    settle(outcome.answer->usage);
    try {
      providers::check_embedding_answer(*outcome.answer, texts);
    } catch (const error& reason) {
      outcome = {.answer = {}, .failure = model_failure{.error = reason}};
    }
  }
  cost_.reset();
  tokens_.reset();
  if (outcome.failure) {
    const auto& reason = outcome.failure->error;
    if (options_->require_embeddings || always_fails(reason.code())) return fail(reason);
  }
  step([&] { then(std::move(outcome)); });
}

void memory_errand::settle(const token_usage& used) {
  // For providers that do not say what they used: what was estimated.
  const auto real = used.total() > 0 ? used : token_usage{.input = estimate_};
  // Both, even when the first is more than the budget allows.
  std::exception_ptr refused;
  try {
    tokens_->settle(real.total());
  } catch (...) {
    refused = std::current_exception();
  }
  if (cost_) cost_->settle(cost_of(real, *options_->price));
  if (refused) std::rethrow_exception(refused);
}

void memory_errand::on_shelf(std::function<void(note_shelf&)> work) {
  auto* store = options_->store ? options_->store.get() : ctx_.memory();
  if (store == nullptr) {
    throw error{
        errc::no_store,
        "there is no memory store to remember in; give the executor or the agent_memory one"};
  }
  const auto posted = io::thread_pool::shared().post(
      [self = shared_from_this(), store, work = std::move(work)]() mutable {
        self->step([&] {
          note_shelf shelf{*store, self->options()};
          work(shelf);
        });
        work = {};  // on this thread: what it holds may keep the task's context
      });
  if (!posted) throw error{errc::overloaded, "too many blocking tasks wait for a thread"};
}

}  // namespace mcp::memories
