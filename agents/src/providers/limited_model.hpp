#pragma once

#include "io/event_loop.hpp"
#include "limits/rate_limiter.hpp"
#include "mcp/agents/model_policies.hpp"
#include "providers/model_around.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace mcp::providers {

/// A rate limiter with a clock, for several models and threads. Calls are started on the loop's
/// thread.
class shared_limiter : public std::enable_shared_from_this<shared_limiter> {
 public:
  using ticket = limits::rate_limiter::ticket;
  /// `account` names it in errors.
  shared_limiter(std::string account, const rate_limit& limit, io::event_loop& loop)
      : account_(std::move(account)), limit_(limit), loop_(loop), decide_(limit) {}

  /// The one of this process for `account`, made when it is not there; it lives as long as it is
  /// used. Throws `invalid_argument` when it has another limit.
  [[nodiscard]] static std::shared_ptr<shared_limiter> of_process(const std::string& account,
                                                                  const rate_limit& limit,
                                                                  io::event_loop& loop);

  /// `go` is called when the call may start. A failure: the queue is full.
  std::optional<model_failure> enter(const call_tag& tag, std::int64_t tokens,
                                     std::function<void(ticket)> go, ticket& place);
  /// Gives up the place in the queue; `go` is not called after it returns true.
  bool leave(ticket call);
  /// A call that was started has ended.
  void finished(ticket call, const chat_outcome& outcome);
  /// A call that was let go was not made.
  void unused(ticket call);

  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  void start_calls();
  void plan(io::steady_time now);

  const std::string account_;
  const rate_limit limit_;
  io::event_loop& loop_;
  mutable std::mutex mutex_;
  limits::rate_limiter decide_;
  std::unordered_map<ticket, std::function<void(ticket)>> go_;
  std::optional<io::steady_time> planned_;  ///< when the timer fires
  io::event_loop::timer_id timer_ = 0;
};

/// Lets calls through as its limiter allows.
class limited_model final : public model_around {
 public:
  limited_model(std::shared_ptr<chat_model> model, std::shared_ptr<shared_limiter> limiter)
      : model_around(std::move(model)), limiter_(std::move(limiter)) {}

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override;

 private:
  std::shared_ptr<shared_limiter> limiter_;
};

}  // namespace mcp::providers
