#include "mcp/agents/model_policies.hpp"
#include "providers/model_around.hpp"
#include "providers/relayed_call.hpp"

#include <algorithm>
#include <utility>

namespace mcp::providers {
namespace {

using model_list = std::vector<std::shared_ptr<chat_model>>;

class fallback_call final : public relayed_call {
 public:
  fallback_call(std::shared_ptr<const model_list> models, chat_request request,
                chat_handler handler)
      : relayed_call(std::move(handler)),
        models_(std::move(models)),
        request_(std::move(request)) {}

  void ask_next() {
    auto& model = *(*models_)[at_];
    if (at_ + 1 == models_->size()) {
      call(model, std::move(request_));
    } else {
      auto request = request_;
      request_.model.clear();  // a name of the first provider's, unknown to the others
      call(model, std::move(request));
    }
  }

 private:
  void inner_ended(chat_outcome outcome) override {
    if (!outcome.failure || outcome.failure->error.code() == errc::cancelled) {
      return finish(std::move(outcome));
    }
    if (at_ + 1 < models_->size()) {
      earlier_ += "; " + (*models_)[at_]->name() +
                  " before it: " + std::string{mcp::name(outcome.failure->error.code())} + ", " +
                  outcome.failure->error.message();
      ++at_;
      return ask_next();
    }
    auto& failure = *outcome.failure;
    failure.error =
        error{failure.error.code(), failure.error.message() + earlier_}.at(failure.error.place());
    finish(std::move(outcome));
  }

  std::shared_ptr<const model_list> models_;
  chat_request request_;
  std::size_t at_ = 0;
  std::string earlier_;
};

model_price dearer(const model_price& a, const model_price& b) {
  model_price most{.input = std::max(a.input, b.input), .output = std::max(a.output, b.output)};
  most.cached_input = std::max(a.cached_input.value_or(a.input), b.cached_input.value_or(b.input));
  return most;
}

class fallback_model final : public model_around {
 public:
  explicit fallback_model(model_list models)
      : model_around(models.front()),
        models_(std::make_shared<const model_list>(std::move(models))) {}

  [[nodiscard]] std::optional<model_price> price() const override {
    std::optional<model_price> most;
    for (const auto& one : *models_) {
      if (const auto price = one->price()) most = most ? dearer(*most, *price) : *price;
    }
    return most;
  }
  [[nodiscard]] std::vector<std::string> secrets() const override {
    std::vector<std::string> all;
    for (const auto& one : *models_) {
      for (auto& secret : secrets_of(*one)) all.push_back(std::move(secret));
    }
    return all;
  }
  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    auto made = std::make_shared<fallback_call>(models_, std::move(request), std::move(handler));
    made->ask_next();
    return made;
  }

 private:
  std::shared_ptr<const model_list> models_;
};

}  // namespace
}  // namespace mcp::providers

namespace mcp {

std::shared_ptr<chat_model> with_fallbacks(std::vector<std::shared_ptr<chat_model>> models) {
  constexpr std::size_t most = 16;
  if (models.empty() || models.size() > most) {
    throw error{errc::invalid_argument, "with_fallbacks takes 1 to " + std::to_string(most) +
                                            " models; it was given " +
                                            std::to_string(models.size())};
  }
  for (const auto& one : models) {
    if (!one) throw error{errc::invalid_argument, "with_fallbacks was given a null model"};
  }
  return std::make_shared<providers::fallback_model>(std::move(models));
}

}  // namespace mcp
