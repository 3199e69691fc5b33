#pragma once

#include "mcp/agents/agent_memory.hpp"
#include "memory/note_shelf.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::memories {

/// How whoever waits is told that nobody waits any more: `context::on_cancel` and the like.
using stop_hook = std::function<void(std::function<void()>)>;

/// What memory does for a task: embeds within the budget, works on the store's notes on a thread
/// for blocking work, and stops with the task. One step at a time; each ends by starting the next
/// one, or by an answer.
class memory_errand : public std::enable_shared_from_this<memory_errand> {
 public:
  memory_errand(const memory_errand&) = delete;
  memory_errand& operator=(const memory_errand&) = delete;
  virtual ~memory_errand() = default;

 protected:
  /// `fail` answers the task with an error; it owns what keeps `ctx` alive.
  memory_errand(std::shared_ptr<const agent_memory_options> options, context& ctx,
                std::function<void(error)> fail)
      : options_(std::move(options)), ctx_(ctx), fail_(std::move(fail)) {}

  [[nodiscard]] const agent_memory_options& options() const noexcept { return *options_; }
  [[nodiscard]] context& ctx() const noexcept { return ctx_; }

  /// Has `cancel` called when the task is. Once, before anything else.
  void watch(const stop_hook& on_cancel);
  /// Runs `work` unless the task was cancelled; what it throws is the answer.
  void step(const std::function<void()>& work);
  /// Embeds texts; their tokens are taken from the budget.
  void embed(std::vector<std::string> texts, std::function<void(embedding_outcome)> then);
  /// Runs `work` with the notes, on a thread for blocking work.
  void on_shelf(std::function<void(note_shelf&)> work);
  void fail(error reason);
  /// True once: for whoever answers first.
  [[nodiscard]] bool may_answer() noexcept { return !std::exchange(answered_, true); }

 private:
  void cancel();
  void guarded(const std::function<void()>& work);
  void hear(embedding_outcome outcome, std::size_t texts,
            const std::function<void(embedding_outcome)>& then);
  void settle(const token_usage& used);

  const std::shared_ptr<const agent_memory_options> options_;
  context& ctx_;
  std::function<void(error)> fail_;  ///< keeps the context alive: before what uses it
  std::optional<reservation> tokens_;
  std::optional<reservation> cost_;
  std::int64_t estimate_ = 0;
  std::mutex mutex_;
  std::shared_ptr<embedding_call> call_;
  std::uint64_t ended_ = 0;  ///< calls of the embedding model
  bool cancelled_ = false;
  bool answered_ = false;
};

void start_remember(std::shared_ptr<const agent_memory_options> options, memory_place place,
                    std::vector<memory_note> notes, context& ctx, const stop_hook& on_cancel,
                    std::function<void(remember_result)> done);
void start_recall(std::shared_ptr<const agent_memory_options> options, recall_query query,
                  context& ctx, const stop_hook& on_cancel,
                  std::function<void(recall_result)> done);
void start_forget(std::shared_ptr<const agent_memory_options> options, memory_place place,
                  std::string key, context& ctx, const stop_hook& on_cancel,
                  std::function<void(forget_result)> done);

/// The part of a question that is embedded.
[[nodiscard]] std::string asked_text(const recall_query& query);
[[nodiscard]] std::vector<std::string> texts_of(const std::vector<memory_note>& notes);

}  // namespace mcp::memories
