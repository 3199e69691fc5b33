#pragma once

#include "mcp/agents/embedding_model.hpp"
#include "mcp/agents/model_endpoint.hpp"
#include "mcp/agents/openai.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace mcp {

struct openai_embedding_options {
  std::string model{};
  model_endpoint endpoint{};  ///< base URL by default "https://api.openai.com/v1"
  openai_dialect dialect = openai_dialect::automatic;
  /// Asks for vectors of this dimension, and refuses others as `malformed_answer`; 0: the model's
  /// own. Not every model can be asked.
  std::size_t dimensions = 0;
};

/// A model behind the OpenAI embeddings API, also of Mistral, vLLM, llama.cpp, Ollama and others.
/// Keys as for `openai_model`. Throws `invalid_argument` for a base URL that is none, no model, or
/// too many dimensions.
[[nodiscard]] MCP_AGENTS_EXPORT std::shared_ptr<embedding_model> openai_embeddings(
    openai_embedding_options options);

}  // namespace mcp
