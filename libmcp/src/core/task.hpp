#pragma once

#include "core/graph_plan.hpp"
#include "mcp/run.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::core {

/// Monotonic time, told by a port; only differences mean anything.
using instant = std::chrono::nanoseconds;

/// A question a node asked, before it has an id.
struct asked_question {
  std::size_t index = 0;
  std::string question{};  ///< CBOR
  std::string schema{};    ///< JSON text
};

/// How an attempt of a task ended.
struct task_outcome {
  enum class kind : std::uint8_t { finished, failed, interrupted };
  kind what = kind::finished;
  bool cached = false;
  node_result result{};
  mcp::failure failure{};
  std::vector<asked_question> asked{};
  std::vector<pending_interrupt> interrupts{};  ///< of a subgraph, with ids already
};

/// What the shell needs to know of the run a task belongs to.
class task_link {
 public:
  virtual ~task_link() = default;
};

enum class task_state : std::uint8_t { planned, running, waiting, finished, interrupted, failed };

/// One scheduled execution of a node. The run machine writes it before a dispatch; the node's actor
/// then owns `outcome` until it hands the task back. A task that is abandoned is never used again.
struct task {
  std::atomic<std::uint32_t> owners{0};
  std::atomic<bool> cancelled{false};      ///< read by the node
  std::atomic<bool> owes_report{false};    ///< a breaker let the attempt pass and waits for its end
  std::atomic<std::int64_t> started{0};    ///< instant at which the attempt began; 0: it waits
  std::atomic<std::int64_t> last_sign{0};  ///< instant of the last sign of life

  std::shared_ptr<task_link> link{};  ///< set by the shell, kept while the task is reused
  bool given_up = false;              ///< abandoned as failed: timed out, or its actor died
  bool has_stops = false;             ///< the shell knows what to call when it is abandoned
  std::uint32_t replica = 0;          ///< which of the node's actors has it
  std::uint64_t span = 0;             ///< of the attempt; 0: none. Written by the shell before it
  instant span_from{0};               ///< when the attempt was sent off; of the shell, as the next
  bool in_span = false;               ///< its span has not ended

  node_index node = 0;      ///< what runs: the planned node, or its fallback
  node_index planned = 0;   ///< what was planned; it decides the order, the id and the edges
  bool shared_ids = false;  ///< a fallback asks and acts under the task's id: see `agenda`
  int send = -1;            ///< index among the superstep's sends; -1: triggered by an edge
  std::uint32_t slot = 0;   ///< place among the superstep's tasks
  task_state state = task_state::planned;
  int attempt = 0;
  std::int64_t step = 0;
  std::int64_t remaining_steps = 0;
  checkpoint_id planned_from{};  ///< part of its id
  checkpoint_id anchor{};        ///< stored checkpoint its journal belongs to
  instant retry_at{0};
  std::optional<timeout_policy> timeout{};  ///< of its send, in place of the node's
  std::string id{};                         ///< empty while nobody needs it
  node_input input{};
  std::vector<std::pair<std::string, std::string>> answers{};  ///< interrupt id, CBOR
  std::vector<std::pair<std::string, std::string>> effects{};  ///< key without the task's id, CBOR
  std::optional<mcp::error> failed_with{};                     ///< for the fallback
  task_outcome outcome{};
};

/// Shared ownership of a task, between the run's actor and the node's actor.
class task_pointer {
 public:
  task_pointer() noexcept = default;
  explicit task_pointer(task* object) noexcept : object_(object) { acquire(); }
  task_pointer(const task_pointer& other) noexcept : object_(other.object_) { acquire(); }
  task_pointer(task_pointer&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  task_pointer& operator=(task_pointer other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~task_pointer() {
    if (object_ != nullptr && object_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete object_;
    }
  }
  [[nodiscard]] task* get() const noexcept { return object_; }
  [[nodiscard]] task& operator*() const noexcept { return *object_; }
  [[nodiscard]] task* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
  [[nodiscard]] bool unique() const noexcept {
    return object_->owners.load(std::memory_order_acquire) == 1;
  }
  friend bool operator==(const task_pointer&, const task_pointer&) = default;

 private:
  void acquire() noexcept {
    if (object_ != nullptr) object_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  task* object_ = nullptr;
};

}  // namespace mcp::core
