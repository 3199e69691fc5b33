#pragma once

#include "mcp/agents/openai.hpp"
#include "mcp/agents/openai_embeddings.hpp"
#include "providers/chat_wire.hpp"
#include "providers/http_model.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace mcp::providers {

/// `dialect` must not be `automatic`.
struct openai_embedding_wire_options {
  std::string model{};
  openai_dialect dialect = openai_dialect::compatible;
  std::size_t dimensions = 0;
};

/// OpenAI embeddings as the protocol of a carrier (carried_embeddings.hpp): pure translation.
[[nodiscard]] std::unique_ptr<chat_wire> openai_embedding_wire(
    openai_embedding_wire_options options);

[[nodiscard]] std::shared_ptr<embedding_model> openai_embeddings(openai_embedding_options options,
                                                                 io::http_client& client);

}  // namespace mcp::providers
