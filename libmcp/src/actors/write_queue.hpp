#pragma once

#include "actors/caf.hpp"
#include "mcp/checkpoint_store.hpp"
#include "mcp/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace mcp::actors {

/// What waits to be written to a store, in order. Cheaper than a message per batch: writes are
/// moved into memory that is kept, and the writer is woken for many at once unless somebody waits.
/// Its length is bounded by its users, who wait for answers. Safe from several threads.
class write_queue {
 public:
  /// The end of one caller's batch, and who waits for it.
  struct batch {
    std::size_t end = 0;                            ///< index after its last write
    caf::actor answer_to{};                         ///< gets a written_message, if set
    std::unique_ptr<std::promise<void>> waiting{};  ///< is fulfilled, if set
    std::function<void()> then{};                   ///< is called if it could be written, if set
    /// Is called in any case, if set; with why it could not be written.
    std::function<void(const std::shared_ptr<mcp::error>& failed)> done{};

    [[nodiscard]] bool awaited() const noexcept { return answer_to || waiting || then || done; }
  };
  /// When the writer must be told. Refused: it is closed, and what was pushed stays where it was.
  enum class call : std::uint8_t { none, soon, now, refused };
  /// So many writes are worth a transaction of their own.
  static constexpr std::size_t enough = 64;
  /// Writes whose memory is kept; about 200 bytes each.
  static constexpr std::size_t max_kept = 16'384;
  struct content {
    std::vector<store_write> writes{};
    std::vector<batch> batches{};

    /// Keeps its memory for the next round, unless a burst made it large.
    void clear() noexcept {
      if (writes.capacity() > max_kept) *this = content{};
      writes.clear();
      batches.clear();
    }
  };

  /// Takes all of `writes`, whose memory stays with the caller.
  [[nodiscard]] call push(std::vector<store_write>& writes, batch&& whose) {
    const bool awaited = whose.awaited();
    const std::lock_guard lock{mutex_};
    if (closed_) return call::refused;
    for (auto& one : writes) content_.writes.push_back(std::move(one));
    writes.clear();
    whose.end = content_.writes.size();
    content_.batches.push_back(std::move(whose));
    const auto wish = awaited || content_.writes.size() >= enough ? call::now : call::soon;
    if (wish <= told_) return call::none;
    told_ = wish;
    return wish;
  }

  /// Hands over everything; the memory of `into`, which must be empty, is used for what comes next.
  void take(content& into) {
    const std::lock_guard lock{mutex_};
    std::swap(content_, into);
    told_ = call::none;
  }
  /// Where batches are counted; the first counts.
  void measure(std::shared_ptr<mcp::metrics> by) {
    const std::lock_guard lock{mutex_};
    if (!metrics_) metrics_ = std::move(by);
  }
  [[nodiscard]] std::shared_ptr<mcp::metrics> metrics() const {
    const std::lock_guard lock{mutex_};
    return metrics_;
  }
  /// Takes no more; what is in it can still be taken.
  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<mcp::metrics> metrics_;
  content content_;
  call told_ = call::none;
  bool closed_ = false;
};

}  // namespace mcp::actors
