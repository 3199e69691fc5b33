#pragma once

#include "agents/tool_test_harness.hpp"
#include "mcp/agents/mcp_client.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace mcp::test {

/// A call whose end can be waited for.
class waiting_port final : public tool_port {
 public:
  bool done(tool_result given) override { return end({std::move(given), std::nullopt}); }
  bool fail(failure given) override { return end({std::nullopt, given.error}); }
  [[nodiscard]] mcp::context& context() noexcept override { return context_; }
  [[nodiscard]] const std::string& call_id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& idempotency_key() const noexcept override { return id_; }
  [[nodiscard]] int attempt() const noexcept override { return 1; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  void on_cancel(std::function<void()> stop) override { stop_ = std::move(stop); }

  using ending = std::pair<std::optional<tool_result>, std::optional<error>>;
  ending wait() { return ended_.get_future().get(); }
  void cancel() const { stop_(); }
  testkit::fake_context fake{};  ///< of the one thread that calls, until the end

 private:
  bool end(ending how) {
    if (std::exchange(over_, true)) return false;
    ended_.set_value(std::move(how));
    return true;
  }

  mcp::context context_{fake.start()};
  std::string id_ = "call";
  std::function<void()> stop_{};
  bool over_ = false;
  std::promise<ending> ended_{};
};

inline std::shared_ptr<waiting_port> begin(mcp_client& client, const std::string& name,
                                           const std::string& arguments = "{}") {
  const tool_set set;
  client.put_tools(set);
  auto port = std::make_shared<waiting_port>();
  set.find(name)->start(arguments, tool_reply{port});
  return port;
}

}  // namespace mcp::test
