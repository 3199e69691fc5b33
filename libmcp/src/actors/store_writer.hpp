#pragma once

#include "actors/write_queue.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace mcp::actors {

class runtime;

/// The one writer of a store. Batches of all runs that arrive while a commit is under way go into
/// the next one together (group commit); those that nobody waits for do so within a millisecond. A
/// store that does not block is written on the caller's thread instead. Safe from several threads.
class store_writer {
 public:
  store_writer(runtime& owner, std::shared_ptr<checkpoint_store> store);
  store_writer(const store_writer&) = delete;
  store_writer& operator=(const store_writer&) = delete;

  /// Null once it is closed.
  [[nodiscard]] const std::shared_ptr<checkpoint_store>& store() const noexcept { return store_; }
  /// Counts batches; only if not `direct`.
  void measure(std::shared_ptr<metrics> by) { queue_->measure(std::move(by)); }
  /// True when `write` returns only when it is durable, and throws what the store throws.
  [[nodiscard]] bool direct() const noexcept { return direct_; }
  /// Takes all of `writes` and leaves it empty; in order for each caller. With `answer_to` a
  /// written_message follows once it is durable.
  void write(std::vector<store_write>& writes, caf::actor answer_to = {});
  /// Calls `then` on a thread of the scheduler once all that was written before is durable; drops
  /// it when that fails, or when it throws. Only if not `direct`.
  void when_durable(std::function<void()> then);
  /// True when it is durable already; else calls `done` once it is, or with why not, on the
  /// writer's thread. Throws what a store throws that is written directly.
  [[nodiscard]] bool write_then(
      std::vector<store_write> writes,
      std::function<void(const std::shared_ptr<mcp::error>& failed)> done);
  /// Waits until it is durable; throws what the store throws. Not on the writer's own thread.
  void write_and_wait(std::vector<store_write> writes);
  /// Writes what it has taken and lets go of the store; what comes later, from tasks that nobody
  /// waits for any more, is refused with `shutting_down`. Waits for that, but on an own thread.
  void close();

 private:
  void push(std::vector<store_write>& writes, write_queue::batch whose);

  runtime& owner_;
  std::shared_ptr<checkpoint_store> store_;
  bool direct_;
  std::shared_ptr<write_queue> queue_;
  caf::actor actor_;
};

/// The use of a store's writer, which is closed when the last of its users is gone.
class writer_lease {
 public:
  writer_lease() = default;
  writer_lease(runtime& owner, std::shared_ptr<store_writer> writer)
      : owner_(&owner), writer_(std::move(writer)) {}
  writer_lease(writer_lease&&) noexcept = default;
  writer_lease& operator=(writer_lease&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(writer_, other.writer_);
    return *this;
  }
  ~writer_lease();

  [[nodiscard]] const std::shared_ptr<store_writer>& get() const noexcept { return writer_; }
  [[nodiscard]] store_writer* operator->() const noexcept { return writer_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return writer_ != nullptr; }

 private:
  runtime* owner_ = nullptr;
  std::shared_ptr<store_writer> writer_;
};

}  // namespace mcp::actors
