#pragma once

#include "io/event_loop.hpp"
#include "mcp/agents/chat_model.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace mcp::providers {

/// The outcome of a call that its caller did not want any more.
[[nodiscard]] chat_outcome cancelled_outcome();
[[nodiscard]] chat_outcome failed_outcome(error reason, bool passing = false);

/// A call that makes calls to other models on its caller's behalf, one at a time, with waiting
/// between them. Its caller hears one end, whenever and wherever it is cancelled.
class relayed_call : public chat_call, public std::enable_shared_from_this<relayed_call> {
 public:
  explicit relayed_call(chat_handler handler) : handler_(std::move(handler)) {}

  void cancel() final;

 protected:
  /// Asks `model`; its end comes to `inner_ended`. The caller is told to forget what it has heard
  /// of earlier answers. False: this call has ended, and nothing happens.
  bool call(chat_model& model, chat_request request);
  /// Calls `then` on the loop's thread at `when`, unless this call ends before.
  void wait(io::event_loop& loop, io::steady_time when, std::function<void()> then);
  /// Ends this call, unless it has ended.
  void finish(chat_outcome outcome);

  /// An inner call ended by itself. Either `call`, `wait` or `finish` follows.
  virtual void inner_ended(chat_outcome outcome) = 0;
  /// Cancelled between inner calls: undo whatever waits.
  virtual void stop_waiting() {}
  /// The inner call ended, however it did; before `inner_ended` and before the caller hears it.
  virtual void inner_is_over(const chat_outcome&) {}

 private:
  enum class phase : std::uint8_t { idle, calling, ended };

  void hear_end(chat_outcome outcome);

  std::mutex mutex_;
  phase phase_ = phase::idle;
  bool cancelled_ = false;
  std::shared_ptr<chat_call> inner_;  ///< null while it is being started
  std::uint64_t calls_ = 0;
  io::event_loop* loop_ = nullptr;  ///< null: no timer is set
  io::event_loop::timer_id timer_ = 0;
  std::uint64_t waits_ = 0;
  chat_handler handler_;
  bool streamed_ = false;  ///< touched only between the start and the end of an inner call
};

}  // namespace mcp::providers
