#include "providers/retrying_model.hpp"

#include "io/default_loop.hpp"
#include "limits/retry_schedule.hpp"
#include "providers/relayed_call.hpp"

#include <random>
#include <utility>

namespace mcp::providers {
namespace {

class retrying_call final : public relayed_call {
 public:
  retrying_call(std::shared_ptr<chat_model> model, limits::retry_schedule schedule,
                io::event_loop& loop, chat_request request, chat_handler handler)
      : relayed_call(std::move(handler)),
        model_(std::move(model)),
        schedule_(std::move(schedule)),
        loop_(loop),
        request_(std::move(request)) {}

  void attempt() { call(*model_, request_); }

 private:
  void inner_ended(chat_outcome outcome) override {
    if (!outcome.failure) return finish(std::move(outcome));
    const auto delay = schedule_.next(*outcome.failure);
    if (delay) return wait(loop_, loop_.now() + *delay, [this] { attempt(); });
    if (schedule_.attempts_made() > 1) {
      auto& failure = *outcome.failure;
      failure.error =
          error{failure.error.code(), failure.error.message() + " (after " +
                                          std::to_string(schedule_.attempts_made()) + " attempts)"}
              .at(failure.error.place());
    }
    finish(std::move(outcome));
  }

  std::shared_ptr<chat_model> model_;
  limits::retry_schedule schedule_;
  io::event_loop& loop_;
  chat_request request_;
};

}  // namespace

retrying_model::retrying_model(std::shared_ptr<chat_model> model, const model_retry& policy,
                               io::event_loop& loop, std::uint32_t seed)
    : model_around(std::move(model)), policy_(policy), loop_(loop), seed_(seed) {
  if (!inner()) throw error{errc::invalid_argument, "with_retry was given no model"};
  limits::check(policy);
}

std::shared_ptr<chat_call> retrying_model::start(chat_request request, chat_handler handler) {
  // An odd step visits every seed, and calls one after the other get seeds far apart.
  constexpr std::uint32_t step = 0x9e3779b9;
  const auto seed = seed_.fetch_add(step, std::memory_order_relaxed);
  auto made = std::make_shared<retrying_call>(inner(), limits::retry_schedule{policy_, seed}, loop_,
                                              std::move(request), std::move(handler));
  made->attempt();
  return made;
}

}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> with_retry(std::shared_ptr<chat_model> model,
                                       const model_retry& policy) {
  return std::make_shared<providers::retrying_model>(std::move(model), policy, io::default_loop(),
                                                     std::random_device{}());
}

}  // namespace mcp
