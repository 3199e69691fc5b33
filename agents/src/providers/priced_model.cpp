#include "mcp/agents/model_policies.hpp"
#include "providers/model_around.hpp"

#include <utility>

namespace mcp {

std::int64_t cost_of(const token_usage& usage, const model_price& price) noexcept {
  const auto cached = price.cached_input.value_or(price.input);
  // In a wider type: tokens times a price may be beyond 64 bits.
  __extension__ using wide = __int128;
  const auto total = static_cast<wide>(usage.input - usage.cached_input) * price.input +
                     static_cast<wide>(usage.cached_input) * cached +
                     static_cast<wide>(usage.output) * price.output;
  constexpr std::int64_t million = 1'000'000;
  return static_cast<std::int64_t>((total + million - 1) / million);
}

namespace {

class priced_model final : public providers::model_around {
 public:
  priced_model(std::shared_ptr<chat_model> model, const model_price& price)
      : model_around(std::move(model)), price_(price) {}

  [[nodiscard]] std::optional<model_price> price() const override { return price_; }

  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    handler.on_end = [price = price_, end = std::move(handler.on_end)](chat_outcome outcome) {
      if (outcome.answer) outcome.answer->price = price;
      end(std::move(outcome));
    };
    return inner()->start(std::move(request), std::move(handler));
  }

 private:
  const model_price price_;
};

}  // namespace

std::shared_ptr<chat_model> with_price(std::shared_ptr<chat_model> model,
                                       const model_price& price) {
  if (!model) throw error{errc::invalid_argument, "with_price was given no model"};
  if (price.input < 0 || price.output < 0 || price.cached_input.value_or(0) < 0) {
    throw error{errc::invalid_argument, "the numbers of a model_price are at least 0"};
  }
  return std::make_shared<priced_model>(std::move(model), price);
}

}  // namespace mcp
