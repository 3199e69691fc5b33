#pragma once

#include "mcp/agents/chat_model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::providers {

/// A model that knows texts which must not be written anywhere: its key.
class keeps_secrets {
 public:
  keeps_secrets() = default;
  keeps_secrets(const keeps_secrets&) = delete;
  keeps_secrets& operator=(const keeps_secrets&) = delete;
  virtual ~keeps_secrets() = default;
  [[nodiscard]] virtual std::vector<std::string> secrets() const = 0;
};

[[nodiscard]] inline std::vector<std::string> secrets_of(const chat_model& model) {
  const auto* keeper = dynamic_cast<const keeps_secrets*>(&model);
  return keeper == nullptr ? std::vector<std::string>{} : keeper->secrets();
}

/// A model around another one: like it in everything but how a call is made.
class model_around : public chat_model, public keeps_secrets {
 public:
  explicit model_around(std::shared_ptr<chat_model> model) : model_(std::move(model)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return model_->name(); }
  [[nodiscard]] std::string account() const override { return model_->account(); }
  [[nodiscard]] std::optional<model_price> price() const override { return model_->price(); }
  [[nodiscard]] std::vector<std::string> secrets() const override { return secrets_of(*model_); }

 protected:
  [[nodiscard]] const std::shared_ptr<chat_model>& inner() const noexcept { return model_; }

 private:
  const std::shared_ptr<chat_model> model_;
};

}  // namespace mcp::providers
