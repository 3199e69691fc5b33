#pragma once

#include "mcp/agents/agent_memory.hpp"
#include "mcp/context.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::memories {

/// Embeds for a task, within its budget, and waits for the vectors. Used by one thread, which may
/// block; `cancel` from any.
class task_embeddings {
 public:
  using vectors = std::vector<std::vector<float>>;

  task_embeddings(std::shared_ptr<const agent_memory_options> options, context& ctx)
      : options_(std::move(options)), ctx_(ctx) {}

  /// Nothing when the model fails and need not succeed, which the run's stream is told. Throws
  /// `cancelled`, `budget_exceeded`.
  [[nodiscard]] vectors embed(std::vector<std::string> texts);
  /// How what is under way is stopped, and all that follows.
  [[nodiscard]] std::function<void()> stop() const;

 private:
  struct flight {
    std::mutex mutex;
    std::shared_ptr<embedding_call> call;
    bool cancelled = false;
  };
  [[nodiscard]] embedding_answer ask(std::vector<std::string> texts);

  const std::shared_ptr<const agent_memory_options> options_;
  context& ctx_;
  const std::shared_ptr<flight> flight_ = std::make_shared<flight>();
};

}  // namespace mcp::memories
