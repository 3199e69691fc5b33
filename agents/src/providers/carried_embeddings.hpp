#pragma once

#include "mcp/agents/embedding_model.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Embedding calls travel as chat calls, the texts as messages and the vectors as the bytes of the
// reply: so that HTTP, errors, retries and limits are those of chat models.
namespace mcp::providers {

/// Throws `invalid_argument` for a request beyond the limits of the port.
void check_embedding_request(const embedding_request& request);
/// Throws `malformed_answer` unless there is one finite vector for each text, all of one dimension.
void check_embedding_answer(const embedding_answer& answer, std::size_t texts);

/// Vectors of one dimension as bytes, and back. `unpack_vectors` throws `malformed_answer`.
[[nodiscard]] std::string pack_vectors(const std::vector<std::vector<float>>& vectors);
[[nodiscard]] std::vector<std::vector<float>> unpack_vectors(std::string_view bytes);

/// The embedding model behind a chat model that answers with packed vectors.
[[nodiscard]] std::shared_ptr<embedding_model> embeddings_of(std::shared_ptr<chat_model> carrier);
/// A chat model that answers with packed vectors. Throws `invalid_argument` for null.
[[nodiscard]] std::shared_ptr<chat_model> carrier_of(std::shared_ptr<embedding_model> model);

}  // namespace mcp::providers
