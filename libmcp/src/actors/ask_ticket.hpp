#pragma once

#include "actors/runtime.hpp"
#include "core/agent_mail.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace mcp::actors {

/// An ask under way: its answer, its timeout or its cancel, whichever is first, reaches the
/// handler; the others are late.
class ask_ticket final : public core::asker, public std::enable_shared_from_this<ask_ticket> {
 public:
  ask_ticket(std::shared_ptr<runtime> owner, std::function<void(agent_outcome)> then)
      : owner_(std::move(owner)), then_(std::move(then)) {}

  /// `what` names the question in the error of a timeout.
  void arm(milliseconds timeout, std::string what);
  [[nodiscard]] bool wanted() const noexcept override {
    return !done_.load(std::memory_order_acquire);
  }
  void answer(agent_outcome outcome) override;

 private:
  const std::shared_ptr<runtime> owner_;
  std::function<void(agent_outcome)> then_;
  std::atomic<bool> done_{false};
  std::mutex mutex_;
  timer_port::id timer_ = 0;
};

}  // namespace mcp::actors
