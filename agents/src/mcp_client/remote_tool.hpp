#pragma once

#include "mcp/agents/tool.hpp"
#include "mcp/json_schema.hpp"
#include "mcp_client/session.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mcp::protocol {

struct remote_limits {
  static constexpr std::size_t name_bytes = 64;            ///< of a tool, as a model sees it
  static constexpr std::size_t description_bytes = 16384;  ///< longer ones are cut
  static constexpr std::size_t schema_bytes = 256UL << 10;
};

/// The text of a member; empty when there is none, or `object` is none.
[[nodiscard]] std::string text_of(const json& object, const char* key);
/// A name of letters, digits, '_' and '-' for a tool of the server; a long one is cut and ends in a
/// hash of the whole.
[[nodiscard]] std::string tool_name(std::string_view prefix, std::string_view name);
/// What a model reads of the answer to `tools/call`. Throws `malformed_answer`; `output`: what the
/// server says of its structured answers.
[[nodiscard]] tool_result result_of(const json& answer, const std::optional<json_schema>& output);

/// A tool of a server. Holds its session weakly: it fails when the client is gone.
class remote_tool final : public tool {
 public:
  /// `entry`: of the answer to `tools/list`. Throws with the reason why it cannot be offered.
  remote_tool(const json& entry, std::string_view prefix, tool_options options,
              std::weak_ptr<session> through);

  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }
  void start(const std::string& arguments, tool_reply reply) override;

 private:
  [[nodiscard]] json checked(const std::string& arguments) const;

  std::string name_;  ///< the server's
  tool_description description_;
  tool_options options_;
  std::optional<json_schema> input_{};
  std::shared_ptr<const std::optional<json_schema>> output_{};
  std::weak_ptr<session> through_;
};

}  // namespace mcp::protocol
