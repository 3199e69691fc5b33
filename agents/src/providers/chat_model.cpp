#include "mcp/agents/chat_model.hpp"

#include <future>
#include <utility>

namespace mcp {

chat_call::~chat_call() = default;
chat_model::~chat_model() = default;
std::string chat_model::account() const {
  return name();
}
std::optional<model_price> chat_model::price() const {
  return std::nullopt;
}

chat_answer ask(chat_model& model, chat_request request) {
  auto promise = std::make_shared<std::promise<chat_outcome>>();
  auto ended = promise->get_future();
  const auto call =
      model.start(std::move(request), {.on_delta = {}, .on_end = [promise](chat_outcome outcome) {
                                         promise->set_value(std::move(outcome));
                                       }});
  auto outcome = ended.get();
  if (outcome.failure) throw std::move(outcome.failure->error);
  return std::move(*outcome.answer);
}

}  // namespace mcp
