#pragma once

#include "actors/run_link.hpp"
#include "mcp/context.hpp"

namespace mcp::actors {

/// The context of one attempt. Used by whoever works on the task, one thread at a time. What tells
/// who it is may be asked for after the attempt has ended, while the task is tried again.
class task_context final : public context_port {
 public:
  explicit task_context(core::task_pointer task)
      : task_(std::move(task)),
        link_(static_cast<run_link&>(*task_->link)),
        node_(task_->node),
        attempt_(task_->attempt),
        span_(task_->span) {}

  [[nodiscard]] task_info info() const override;
  [[nodiscard]] std::string task_id() const override;
  [[nodiscard]] bool cancelled() const noexcept override;
  void on_cancel(std::function<void()> stop) override;
  void heartbeat() noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::optional<std::string> answer(std::size_t index) override;
  void ask(std::size_t index, std::string question, std::string schema) override;
  [[nodiscard]] std::optional<std::string> find_effect(const std::string& key) override;
  void keep_effect(const std::string& key, const std::string& result) override;
  void when_durable(std::function<void()> then) override;
  void emit(std::string name, std::string payload) override;
  void emit_message(const message& content) override;
  void charge(std::string_view counter, std::int64_t amount) override;
  void refund(std::string_view counter, std::int64_t amount) noexcept override;
  void hold(std::string_view counter, std::int64_t amount) override;
  void release(std::string_view counter, std::int64_t held, std::int64_t used) override;
  [[nodiscard]] const error* failure() const noexcept override;
  [[nodiscard]] memory_store* memory() const noexcept override;
  [[nodiscard]] std::string traceparent() const override;

 private:
  [[nodiscard]] run_event event(event_kind kind) const;

  core::task_pointer task_;
  run_link& link_;
  node_index node_;
  int attempt_;
  std::uint64_t span_;
};

}  // namespace mcp::actors
