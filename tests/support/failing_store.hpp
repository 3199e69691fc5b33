#pragma once

#include "mcp/error.hpp"
#include "support/forwarding_store.hpp"

#include <atomic>
#include <cstdint>

namespace mcp::test {

/// An in-memory store whose disk can be full.
class failing_store final : public forwarding_store {
 public:
  /// `blocks`: it is written by a thread of its own, as a file is.
  explicit failing_store(bool blocks)
      : forwarding_store(in_memory_checkpoint_store()), blocks_(blocks) {}
  [[nodiscard]] bool blocking() const noexcept override { return blocks_; }
  void write(std::span<const store_write> batch) override {
    if (broken && !batch.empty()) throw error{errc::store_full, "the disk is full"};
    if (!batch.empty() && left.fetch_sub(1) == 1) broken = true;
    inner().write(batch);
  }

  std::atomic<bool> broken{false};
  std::atomic<std::int64_t> left{0};  ///< writes after which it is full; zero: never

 private:
  bool blocks_;
};

}  // namespace mcp::test
