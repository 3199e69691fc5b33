#pragma once

#include "io/event_loop.hpp"
#include "mcp/agents/model_policies.hpp"
#include "providers/model_around.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace mcp::providers {

/// Repeats calls that fail for a passing reason.
class retrying_model final : public model_around {
 public:
  /// `seed`: of the jitter. Throws `invalid_argument`.
  retrying_model(std::shared_ptr<chat_model> model, const model_retry& policy, io::event_loop& loop,
                 std::uint32_t seed);

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override;

 private:
  model_retry policy_;
  io::event_loop& loop_;
  std::atomic<std::uint32_t> seed_;
};

}  // namespace mcp::providers
