#pragma once

#include "mcp/agents/chat_model.hpp"
#include "mcp/agents/export.hpp"
#include "mcp/agents/model_endpoint.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mcp {

struct anthropic_options {
  std::string model{};                 ///< for requests that name none
  model_endpoint endpoint{};           ///< base URL by default "https://api.anthropic.com/v1"
  std::int64_t max_tokens = 4096;      ///< for requests that set none: this provider needs a limit
  std::string version = "2023-06-01";  ///< of the protocol
};

/// A model behind the Anthropic messages API. Structured output goes through a tool that the model
/// must call; `chat_request::seed` is not known there and is left out. The key is read here, once;
/// when it is missing (ANTHROPIC_API_KEY by default) every call fails with `unauthorized`, unless
/// the base URL is on the loopback. Throws `invalid_argument` for a base URL that is none.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> anthropic_model(
    anthropic_options options);

}  // namespace mcp
