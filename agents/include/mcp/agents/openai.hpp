#pragma once

#include "mcp/agents/chat_model.hpp"
#include "mcp/agents/export.hpp"
#include "mcp/agents/model_endpoint.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mcp {

/// Who really speaks the OpenAI protocol; the differences are small (names of a few fields).
enum class openai_dialect : std::uint8_t {
  automatic,   ///< by the host of the base URL
  openai,      ///< OpenAI itself
  mistral,     ///< Mistral's platform
  compatible,  ///< vLLM, llama.cpp, Ollama and others
};

struct openai_options {
  std::string model{};        ///< for requests that name none
  model_endpoint endpoint{};  ///< base URL by default "https://api.openai.com/v1"
  openai_dialect dialect = openai_dialect::automatic;
  /// Has the provider enforce `output_schema`, for schemas in the form that its strict mode wants
  /// (every property required, none additional).
  bool strict_output = false;
};

/// A model behind the OpenAI chat completions API. The key is read here, once; when it is missing
/// (OPENAI_API_KEY or MISTRAL_API_KEY by default) every call fails with `unauthorized`, unless the
/// base URL is on the loopback. Throws `invalid_argument` for a base URL that is none.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<chat_model> openai_model(openai_options options);

}  // namespace mcp
