#pragma once

#include "mcp/agents/tool_port.hpp"
#include "tools/tool_call_run.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::tools {

/// One attempt of a call: what the tool answers to. It holds one of the places of its runner. Its
/// destruction without an answer is an answer too.
class tool_attempt final : public tool_port {
 public:
  tool_attempt(std::shared_ptr<tool_call_run> owner, int number)
      : owner_(std::move(owner)), number_(number) {}
  ~tool_attempt() override;

  bool done(tool_result result) override;
  bool fail(failure reason) override;
  [[nodiscard]] mcp::context& context() noexcept override { return *owner_->request().context; }
  [[nodiscard]] const std::string& call_id() const noexcept override {
    return owner_->request().call_id;
  }
  [[nodiscard]] const std::string& idempotency_key() const noexcept override {
    return owner_->request().idempotency_key;
  }
  [[nodiscard]] std::string_view tool_name() const noexcept override {
    return owner_->runner().what()->description().name;
  }
  [[nodiscard]] int attempt() const noexcept override { return number_; }
  [[nodiscard]] bool cancelled() const noexcept override;
  void on_cancel(std::function<void()> stop) override;

  /// Calls the tool, unless its result is not wanted any more. Throws nothing.
  static void run(const std::shared_ptr<tool_attempt>& self);
  /// The result is not wanted any more.
  void stop();

 private:
  bool answer(call_end end);
  void vacate();

  const std::shared_ptr<tool_call_run> owner_;
  const int number_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> vacated_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> stops_;
};

}  // namespace mcp::tools
