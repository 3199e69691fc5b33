#pragma once

#include "mcp/agents/tool.hpp"
#include "mcp/testkit.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mcp::test {

/// Keeps what a tool answers.
class recording_port final : public tool_port {
 public:
  bool done(tool_result given) override { return first() && (result = std::move(given), true); }
  bool fail(failure given) override { return first() && (failed = std::move(given), true); }
  [[nodiscard]] mcp::context& context() noexcept override { return context_; }
  [[nodiscard]] const std::string& call_id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& idempotency_key() const noexcept override { return key_; }
  [[nodiscard]] int attempt() const noexcept override { return 1; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  void on_cancel(std::function<void()>) override {}

  std::optional<tool_result> result{};
  std::optional<failure> failed{};
  testkit::fake_context fake{};

 private:
  [[nodiscard]] bool first() const { return !result && !failed; }

  mcp::context context_{fake.start()};
  std::string id_ = "call-1";
  std::string key_ = "key-1";
};

/// What a tool makes of `arguments`; its exceptions come through.
inline std::shared_ptr<recording_port> called(tool& what, const std::string& arguments) {
  auto port = std::make_shared<recording_port>();
  try {
    what.start(arguments, tool_reply{port});
  } catch (const error& reason) {
    static_cast<void>(port->fail({.error = reason}));
  }
  return port;
}
inline tool_result answer_of(tool& what, const std::string& arguments) {
  const auto port = called(what, arguments);
  if (port->failed) throw port->failed->error;
  return port->result.value();
}
inline failure failure_of(tool& what, const std::string& arguments) {
  return called(what, arguments)->failed.value();
}

}  // namespace mcp::test
