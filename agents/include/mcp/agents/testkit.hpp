#pragma once

#include "mcp/agents/tool.hpp"
#include "mcp/message.hpp"
#include "mcp/testkit.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// For tests of agents, beside the scripted model and the cassette: a tool that answers as the test
/// says, and checks of what was called; docs/testing-agents.md.
namespace mcp::testkit {

/// A tool that takes any arguments, keeps them, and answers in turn: with the first answer the
/// first call, and the last one again and again. Safe from several threads.
class MCP_AGENTS_EXPORT fake_tool final : public tool {
 public:
  /// An answer whose `error` is set is a failure of the tool. Throws `invalid_argument` without an
  /// answer.
  struct answer {
    std::string content{};
    std::optional<mcp::error> error{};
  };
  fake_tool(std::string name, std::vector<answer> answers, tool_options options = {});

  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }
  void start(const std::string& arguments, tool_reply reply) override;

  /// The arguments of all calls so far, JSON text, in the order in which they began.
  [[nodiscard]] std::vector<std::string> calls() const;

 private:
  tool_description description_;
  tool_options options_;
  std::vector<answer> answers_;
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

/// A call that a test expects.
struct expected_call {
  std::string tool{};
  /// JSON; empty: any. An object's members must be there with these values; others may be there.
  std::string arguments{};
};

/// The calls that the model of a conversation asked for, in order.
[[nodiscard]] MCP_AGENTS_EXPORT std::vector<tool_call> calls_of(
    const std::vector<message>& conversation);
/// Empty when the conversation has exactly these calls in this order; else where it first differs,
/// and all calls that it has. Throws `invalid_argument` when the expected arguments are no JSON.
///     CHECK(mcp::testkit::difference(state.messages, {{"search", R"({"text":"owls"})"}}) == "");
[[nodiscard]] MCP_AGENTS_EXPORT std::string difference(const std::vector<message>& conversation,
                                                       const std::vector<expected_call>& expected);
/// Empty when each call of the conversation was answered once, and nothing else was; else what is
/// wrong. Providers refuse conversations that are not so.
[[nodiscard]] MCP_AGENTS_EXPORT std::string unanswered(const std::vector<message>& conversation);

}  // namespace mcp::testkit
