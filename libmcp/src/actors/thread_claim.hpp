#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace mcp::actors {

/// A run's right to write to its thread, which it shares with its subgraphs and with the tasks that
/// journal an effect. Once the run has ended and nobody writes any more, the thread is given back.
/// Safe from several threads.
class thread_claim {
 public:
  /// `give_back` is called once, after `end`, by whoever lets go last. `after_writes`: writes of
  /// the run may still wait for the store, and whoever gets the thread next has to find them there.
  explicit thread_claim(std::function<void(bool after_writes)> give_back)
      : held_(std::make_shared<holding>(std::move(give_back))) {}

  /// To be kept for as long as it takes to write. Null: the run has ended, write nothing.
  [[nodiscard]] std::shared_ptr<const void> hold() const {
    const std::lock_guard lock{mutex_};
    return held_;
  }
  /// The run has ended.
  void end(bool after_writes) {
    std::shared_ptr<holding> last;  // goes outside of the lock
    const std::lock_guard lock{mutex_};
    last.swap(held_);
    if (last) last->ended = after_writes ? ending::after_writes : ending::now;
  }

 private:
  enum class ending : std::uint8_t { none, now, after_writes };
  struct holding {
    explicit holding(std::function<void(bool)> what) : give_back(std::move(what)) {}
    holding(const holding&) = delete;
    holding& operator=(const holding&) = delete;
    ~holding() {
      if (ended != ending::none) give_back(ended == ending::after_writes);
    }

    std::function<void(bool)> give_back;
    ending ended = ending::none;  ///< written before the run lets go
  };

  mutable std::mutex mutex_;
  std::shared_ptr<holding> held_;
};

}  // namespace mcp::actors
