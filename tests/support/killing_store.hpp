#pragma once

#include "support/forwarding_store.hpp"

#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <unistd.h>

namespace mcp::test {

/// A store whose process dies, by SIGKILL, at one chosen write.
class killing_store final : public forwarding_store {
 public:
  enum class side { before, after };
  struct plan {
    std::size_t at = 0;  ///< number of the write, from 1; 0: never
    side when = side::before;
    /// Called right before the process dies at a write that has not happened.
    std::function<void()> last_words{};
    /// Called with what has become durable.
    std::function<void(std::span<const store_write>)> durable{};
  };

  killing_store(std::shared_ptr<checkpoint_store> inner, plan fate)
      : forwarding_store(std::move(inner)), fate_(std::move(fate)) {}

  void write(std::span<const store_write> batch) override {
    if (batch.empty()) return;
    const bool fatal = ++count_ == fate_.at;
    if (fatal && fate_.when == side::before) {
      if (fate_.last_words) fate_.last_words();
      die();
    }
    inner().write(batch);
    if (fate_.durable) fate_.durable(batch);
    if (fatal) die();
  }

 private:
  [[noreturn]] static void die() {
    static_cast<void>(::kill(::getpid(), SIGKILL));
    for (;;) ::pause();
  }

  plan fate_;
  std::size_t count_ = 0;  ///< writes are serialised by the caller
};

}  // namespace mcp::test
