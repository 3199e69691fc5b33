#pragma once

#include "mcp/agents/model_endpoint.hpp"
#include "mcp/agents/openai.hpp"
#include "providers/http_model.hpp"

#include <string>

// Who is behind an endpoint of the OpenAI protocol: common to its chat and embedding models.
namespace mcp::providers {

struct openai_place {
  openai_dialect dialect = openai_dialect::compatible;  ///< never `automatic`
  api_key key{};
};

/// Completes the endpoint and reads its key. Throws `invalid_argument` for a base URL that is none.
[[nodiscard]] openai_place openai_place_of(model_endpoint& endpoint, openai_dialect wanted);

/// "openai/model" and the like.
[[nodiscard]] std::string openai_name(openai_dialect dialect, const std::string& model);

}  // namespace mcp::providers
